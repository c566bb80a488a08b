import { type Selectable, type SqlBool, sql, type Transaction } from "kysely"
import { type SecretMask, showConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { type Fault, PlatformError } from "../../core/errors.ts"
import type { ConnectorStatus, Connectors as ConnectorTable, Database } from "../../store/database.ts"
import type { PageQuery } from "../page.ts"
import type { TestReport } from "../probes/probe.ts"

export type ConnectorRow = Selectable<ConnectorTable>
export type Tx = Transaction<Database>

/** `name` is the handle; without one it is made from the title, with a number when it is taken. */
export interface ConnectorInput {
  readonly name?: string
  readonly title?: string
  readonly type: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly purpose?: string | null
  readonly limits?: Readonly<Record<string, unknown>> | null
  readonly config: Readonly<Record<string, unknown>>
  readonly verify?: boolean
  readonly draft?: boolean
  /** `false` stores it switched off. */
  readonly enabled?: boolean
}

/** The additions of a compatible API to a creation or change. */
export interface CompatOptions {
  /** The compatible API's name: `kaireon`. */
  readonly compat?: string
  /** What the client sent, secrets cut out, to be shown back verbatim. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Refuses the title for the connectors that have it already; asked inside the transaction, one at a time in a workspace. */
  readonly refuse?: (sameTitle: readonly ConnectorView[]) => PlatformError | undefined
}

/** `enabled: false` switches a connector off; `true` brings it back as untested. Another `type` begins with an empty config. */
export type ConnectorPatch = Partial<ConnectorInput>

export interface ConnectorFilter extends PageQuery {
  readonly type?: string
  readonly status?: ConnectorStatus
  /** `key:value` */
  readonly label?: string
  readonly q?: string
}

/** A compatible API's list: types that it can name, on one side of a sync, in its own order and pages. */
export interface ConnectorSearch {
  readonly types?: readonly string[]
  /** Types, each on that side alone. */
  readonly sides?: readonly { readonly type: string; readonly side: Side }[]
  readonly order?: "serial" | "updated"
  /** Only those after this serial. */
  readonly after?: number
  readonly offset?: number
  readonly limit: number
}

/** Source: rows come from it; destination: rows go to it. */
export type Side = "source" | "destination"

/** A connector as every answer shows it: secrets as `{ set, fingerprint }`. */
export interface ConnectorView {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly title: string
  readonly type: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: string | null
  readonly limits: Readonly<Record<string, unknown>> | null
  readonly config: Readonly<Record<string, unknown>>
  readonly status: ConnectorStatus
  readonly missing: readonly Fault[]
  readonly version: number
  /** The compatible API through which it was made or last changed, and the document that was sent there; the native API shows neither. */
  readonly compat: string | null
  readonly document: Readonly<Record<string, unknown>> | null
  readonly lastTest: TestReport | null
  readonly lastTestedAt: string | null
  /** Since when the far side refuses the credentials; nothing uses the connector then. */
  readonly credentialsRefusedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** What a connector's stored secrets look like from outside: the fingerprint of each by its pointer. */
export type Fingerprints = ReadonlyMap<string, string>

/** The view of a row; `connector` is its type, undefined when this hub does not know it (any more). */
export function viewOf(row: ConnectorRow, connector: AnyConnector | undefined, secrets: Fingerprints): ConnectorView {
  const mask = (pointer: string): SecretMask | undefined => {
    const fingerprint = secrets.get(pointer)
    return fingerprint === undefined ? undefined : { set: true, fingerprint }
  }
  return {
    id: row.id,
    serial: row.serial,
    name: row.name,
    title: row.title,
    type: row.type,
    description: row.description,
    labels: row.labels,
    purpose: row.purpose,
    limits: row.limits,
    config: connector === undefined ? {} : showConfig(connector.fields, row.config, mask),
    status: row.status,
    missing: row.missing,
    version: row.version,
    compat: row.compat,
    document: row.document,
    lastTest: row.last_test as TestReport | null,
    lastTestedAt: row.last_tested_at?.toISOString() ?? null,
    credentialsRefusedAt: row.refused_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const looksLikeId = (text: string): boolean => UUID.test(text)

/** The connector of that id, name or serial number in the transaction's workspace; anything else, another workspace's too, is `not_found`. */
export async function findConnector(tx: Tx, workspaceId: string, ref: string | number): Promise<ConnectorRow> {
  const row = await tx
    .selectFrom("connectors")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where(typeof ref === "number" ? "serial" : looksLikeId(ref) ? "id" : "name", "=", ref)
    .executeTakeFirst()
  if (row === undefined) throw noConnector(String(ref))
  return row
}

export const noConnector = (ref: string): PlatformError =>
  new PlatformError("not_found", `There is no connector "${ref.slice(0, 100)}" in this workspace; list them with GET /v1/connectors.`)

/** Refuses a connector that is switched off, or a draft. */
export function requireUsable(row: ConnectorRow): void {
  if (row.status === "disabled") throw new PlatformError("connector_disabled", `The connector ${row.name} is switched off; enable it first.`)
  requireWhole(row)
}

/** Refuses a draft. */
export function requireWhole(row: ConnectorRow): void {
  if (row.missing.length === 0) return
  const lacking = row.missing.map((each) => each.message).join(" ")
  throw new PlatformError("connector_incomplete", `The connector ${row.name} is a draft: ${lacking}`, { faults: row.missing })
}

/** The fingerprints of the secrets of some connectors, by connector. */
export async function fingerprintsOf(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>(ids.map((id) => [id, new Map<string, string>()]))
  if (ids.length === 0) return found
  const rows = await tx
    .selectFrom("connector_secrets")
    .select(["connector_id", "pointer", "fingerprint"])
    .where("workspace_id", "=", workspaceId)
    // One parameter, whatever their number.
    .where(sql<SqlBool>`connector_id = any(${[...ids]}::uuid[])`)
    .where("state", "=", "current")
    .execute()
  for (const row of rows) found.get(row.connector_id)?.set(row.pointer, row.fingerprint)
  return found
}
