import type { Fault } from "../../core/errors.ts"
import type { FieldDescription } from "../../core/schema.ts"
import type { Stream } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import type { HubClient } from "../hub-client.ts"
import type { Report } from "../report.ts"

/** The parts of the API's responses that the commands read. */
export interface ConnectorType {
  readonly type: string
  readonly title: string
  readonly category: string
  readonly summary: string
  readonly capabilities: readonly string[]
  readonly proof: string
  readonly fields: readonly FieldDescription[]
}

export interface Connector {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly type: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: string | null
  readonly limits: Readonly<Record<string, number>> | null
  readonly config: Readonly<Record<string, unknown>>
  readonly status: string
  readonly missing: readonly Fault[]
  readonly version: number
  readonly lastTest: Report | null
  readonly lastTestedAt: string | null
  readonly credentialsRefusedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export interface Catalog {
  readonly version: number
  readonly discoveredAt: string
  readonly complete: boolean
  readonly counts: { readonly total: number; readonly streams: number; readonly skipped: number; readonly byKind: Readonly<Record<string, number>> }
  readonly skipped: readonly { readonly path: readonly string[]; readonly reason: string }[]
  readonly streams: readonly Stream[]
  readonly nextCursor: string | null
  readonly total: number
}

export interface Rows {
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly rowCount: number
  readonly truncated: boolean
  readonly durationMs: number
  readonly rejected?: { readonly count: number; readonly records: readonly { readonly line: number; readonly lastLine: number; readonly reason: string }[] }
}

export interface Page<T> {
  readonly data: readonly T[]
  readonly nextCursor: string | null
  readonly total: number
}

/** The path of a connector's routes. */
export const connectorPath = (name: string, rest = ""): string => `/v1/connectors/${encodeURIComponent(name)}${rest}`

export const queryString = (parameters: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(parameters).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`
}

/** Reads all pages of a list as one. */
export async function readAll<T>(hub: HubClient, path: string, parameters: Readonly<Record<string, string | undefined>> = {}): Promise<Page<T>> {
  const data: T[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await hub.get<Page<T>>(path + queryString({ ...parameters, limit: 100, cursor }))
    data.push(...page.data)
    if (page.nextCursor === null || page.nextCursor === cursor) return { data, nextCursor: null, total: page.total }
    cursor = page.nextCursor
  }
}

/** `2026-11-22 15:04` in the local time zone; a dash for never. */
export function when(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return "-"
  const time = new Date(iso)
  const two = (value: number): string => String(value).padStart(2, "0")
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`
}
