import type { Wire } from "../wire.ts"
import type { HubClient } from "./hub-client.ts"

export type ConnectorType = Wire["ConnectorType"]
export type Connector = Wire["Connector"]
export type Catalog = Wire["Catalog"]
export type Rows = Wire["Rows"]

/** A page of any list. */
export type Page<T> = Omit<Wire["ConnectorList"], "data"> & { readonly data: readonly T[] }

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
