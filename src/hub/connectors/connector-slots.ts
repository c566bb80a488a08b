import type { Selectable } from "kysely"
import { aimChanged } from "../../core/aim.ts"
import { parseConfig, type SecretChange, type SecretMask, showConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { credentialFields, isWithin } from "../../core/credentials.ts"
import { type Fault, PlatformError } from "../../core/errors.ts"
import type { Fields } from "../../core/fields.ts"
import { callHub } from "../../core/remedies.ts"
import type { StagedCredentials, Tx } from "../../store/database.ts"
import type { Vault } from "../../vault/vault.ts"
import { checked } from "./connector-config.ts"
import type { ConnectorRow } from "./connector-row.ts"
import { planOf, type SecretRow, sealedSecrets } from "./connector-secrets.ts"

type Plain = Readonly<Record<string, unknown>>
export type Staged = Selectable<StagedCredentials>

/** A connector's whole config with the credentials of one slot in their places. */
export interface Fitted {
  readonly plain: Plain
  readonly secrets: ReadonlyMap<string, SecretChange>
}

/** The entry for a slot: the names of its fields, their plain parts, the new secrets, and the pointers of the kept ones. */
export interface Entered {
  readonly fields: readonly string[]
  readonly plain: Plain
  readonly secrets: ReadonlyMap<string, string>
  readonly kept: readonly string[]
}

/** Parses a part of a config as credentials of this connector. Refuses other fields, and values that lead to another target. */
export function entered(connector: AnyConnector, row: ConnectorRow, secrets: readonly SecretRow[], config: Plain): Entered {
  const names = credentialFields(connector.fields)
  const fields = Object.keys(config)
  const others = fields.filter((name) => !names.includes(name))
  const message = (name: string): string => `${name.slice(0, 60)} is none of this connector's credentials (${names.join(", ")}); change it with PATCH.`
  refuse(connector, fields.length === 0 ? [{ pointer: "", message: `Name at least one of ${names.join(", ")}.` }] : [])
  refuse(
    connector,
    others.map((name) => ({ pointer: `/${name}`, message: message(name) })),
  )
  const stored = { plain: row.config, secrets: new Set(secrets.map(({ pointer }) => pointer)) }
  const parsed = checked(connector, parseConfig(connector.fields, config, stored), false)
  if (aimChanged(connector.fields, row.config, parsed.plain))
    refuse(
      connector,
      fields.map((name) => ({ pointer: `/${name}`, message: "The next credentials go where the connector goes; change that with PATCH." })),
    )
  const within = [...parsed.secrets].filter(([pointer]) => isWithin(pointer, fields))
  return {
    fields,
    plain: pick(parsed.plain, fields),
    secrets: new Map(within.flatMap(([pointer, change]): [string, string][] => (change === "keep" ? [] : [[pointer, change.value]]))),
    kept: within.flatMap(([pointer, change]) => (change === "keep" ? [pointer] : [])),
  }
}

const refuse = (connector: AnyConnector, faults: readonly Fault[]): unknown => checked(connector, { plain: {}, secrets: new Map(), faults, missing: [] }, false)

/** The staged credentials of a connector; `credentials_missing` when there are none. */
export async function requireStaged(tx: Tx, row: ConnectorRow): Promise<Staged> {
  const staged = await findStaged(tx, row)
  if (staged !== undefined) return staged
  const remedy = callHub(
    "Stage credentials",
    "PUT",
    `/v1/connectors/${row.name}/credentials/next`,
    `jackfield connectors credentials stage ${row.name} --secret password`,
  )
  throw new PlatformError("credentials_missing", `Nothing is staged for ${row.name}; stage credentials first.`, { remedies: [remedy] })
}

export const findStaged = (tx: Tx, row: ConnectorRow): Promise<Staged | undefined> =>
  tx.selectFrom("staged_credentials").selectAll().where("workspace_id", "=", row.workspace_id).where("connector_id", "=", row.id).executeTakeFirst()

/** The connector's config with the staged credentials. */
export async function fitStaged(tx: Tx, vault: Vault, connector: AnyConnector, row: ConnectorRow, staged: Staged): Promise<Fitted> {
  const rows = await sealedSecrets(tx, row.workspace_id, [row.id], "staged")
  return fitSlot(tx, vault, connector, row, { fields: staged.fields, plain: staged.plain, rows, kept: staged.kept })
}

/** A config with `fields` replaced: their plain parts by `plain`, their secrets by those of `rows` and the current ones at `kept`. */
export async function fitSlot(
  tx: Tx,
  vault: Vault,
  connector: AnyConnector,
  row: ConnectorRow,
  slot: { readonly fields: readonly string[]; readonly plain: Plain; readonly rows: readonly SecretRow[]; readonly kept?: readonly string[] },
): Promise<Fitted> {
  const owner = { workspaceId: row.workspace_id, connectorId: row.id }
  const current = await sealedSecrets(tx, row.workspace_id, [row.id], "current")
  const staying = current.filter(({ pointer }) => !isWithin(pointer, slot.fields) || slot.kept?.includes(pointer) === true)
  const secrets = new Map<string, SecretChange>(staying.map(({ pointer }) => [pointer, "keep"]))
  const fresh = slot.rows.filter(({ pointer }) => isWithin(pointer, slot.fields))
  for (const [pointer, change] of await planOf(vault, tx, owner, fresh)) secrets.set(pointer, change)
  const replaced = { ...Object.fromEntries(Object.entries(row.config).filter(([name]) => !slot.fields.includes(name))), ...pick(slot.plain, slot.fields) }
  const { plain } = checked(connector, parseConfig(connector.fields, {}, { plain: replaced, secrets: new Set(secrets.keys()) }), false)
  return { plain, secrets }
}

/** The credentials of a config as answers show them, with secrets as masks. */
export function showCredentials(fields: Fields, names: readonly string[], plain: Plain, rows: readonly SecretRow[]): Record<string, unknown> {
  const masks = new Map(rows.map(({ pointer, fingerprint }): [string, SecretMask] => [pointer, { set: true, fingerprint }]))
  return pick(
    showConfig(fields, plain, (pointer) => masks.get(pointer)),
    names,
  )
}

const pick = (config: Plain, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).filter(([name]) => names.includes(name)))
