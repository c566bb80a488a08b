import { type ParsedConfig, type SecretMask, showConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import type { Tx } from "../../store/database.ts"
import type { Principal } from "../base/principal.ts"
import { type CheckInput, scheduleOf, TIMEOUT_MS } from "../checks/checks.ts"
import { checked, parsedInput } from "../connectors/connector-config.ts"
import type { ConnectorInput } from "../connectors/connector-input.ts"
import type { ConnectorRow } from "../connectors/connector-row.ts"
import { secretValues } from "../connectors/connector-secrets.ts"
import { reconfigures } from "../connectors/connector-state.ts"
import { typeOf } from "../connectors/connector-types.ts"
import { fingerprintsOf } from "../connectors/connector-view.ts"
import type { HubParts } from "../parts.ts"
import { requireUploads } from "../uploads/upload-uses.ts"
import { type Difference, differencesOf } from "./differences.ts"

/** A wanted connector. Absent parts have their defaults, except that an absent field of `config` is kept, as in a change. */
export interface WantedConnector extends Omit<ConnectorInput, "name" | "verify"> {
  readonly name: string
  /** The present name of a connector that shall be renamed. */
  readonly was?: string
  readonly enabled?: boolean
  /** Its schedule; absent for none. */
  readonly check?: CheckInput | null
}

/** The effect of storing a wanted connector. Secrets are masks, and equal masks stand for equal values. */
export interface Comparison {
  readonly action: "create" | "change" | "none"
  /** The id of the present connector; null when it would be made. */
  readonly id: string | null
  readonly version: number | null
  readonly labels: Readonly<Record<string, string>>
  readonly changes: readonly Difference[]
  /** The pointers of the wanted connector's secrets, without those of rows that need no secrecy. */
  readonly secrets: readonly string[]
}

/**
 * Checks a wanted connector as `create` or `patch` would, and returns the changes that they would make; nothing is stored. A
 * secret is compared with the stored value itself, so that a rotated data key makes no difference. Throws all faults of the
 * config together.
 */
export function compareConnector({ store, registry, vault }: HubParts, by: Principal, given: WantedConnector): Promise<Comparison> {
  const workspaceId = by.workspace.id
  const connector = typeOf(registry, given.type)
  const wanted = { ...given, type: connector.type }
  return store.inWorkspace(workspaceId, async (tx) => {
    const row = await findWanted(tx, workspaceId, wanted)
    const fingerprints = row === undefined ? new Map<string, string>() : ((await fingerprintsOf(tx, workspaceId, [row.id])).get(row.id) ?? new Map())
    const stored = row?.type === wanted.type ? { plain: row.config, secrets: new Set(fingerprints.keys()) } : undefined
    const parsed = checked(connector, parsedInput(connector, wanted.config, stored), wanted.draft === true)
    const values = row === undefined || stored === undefined ? new Map<string, string>() : await secretValues(vault, tx, { workspaceId, connectorId: row.id })
    const masks = new Map<string, SecretMask>()
    for (const [pointer, change] of parsed.secrets) {
      const same = change === "keep" || values.get(pointer) === change.value
      const fingerprint = same ? fingerprints.get(pointer) : undefined
      masks.set(pointer, { set: true, fingerprint: fingerprint ?? (await vault.fingerprint(tx, workspaceId, change === "keep" ? "" : change.value)) })
    }
    const after = shown(wanted, connector, parsed, masks)
    const before = row === undefined ? undefined : { ...shownRow(row, registry.find(row.type), fingerprints), check: await scheduleOf(tx, workspaceId, row.id) }
    const changes = differencesOf(before ?? {}, after)
    if (changes.some(reconfigures)) await requireUploads(tx, workspaceId, connector.fields, parsed.plain)
    return {
      action: row === undefined ? "create" : changes.length === 0 ? "none" : "change",
      id: row?.id ?? null,
      version: row?.version ?? null,
      labels: row?.labels ?? {},
      changes,
      secrets: maskPointers(after.config, "/config"),
    }
  })
}

async function findWanted(tx: Tx, workspaceId: string, { name, was }: WantedConnector): Promise<ConnectorRow | undefined> {
  const rows = await tx
    .selectFrom("connectors")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where("name", "in", was === undefined ? [name] : [name, was])
    .execute()
  return rows.find((row) => row.name === name) ?? rows[0]
}

/** The parts of a wanted connector, in the order in which differences are reported. */
interface Shown {
  readonly name: string
  readonly type: string
  readonly title: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: string | null
  readonly limits: Readonly<Record<string, unknown>> | null
  readonly enabled: boolean
  readonly config: Readonly<Record<string, unknown>>
  readonly check: CheckInput | undefined
}

const shown = (wanted: WantedConnector, connector: AnyConnector, parsed: ParsedConfig, masks: ReadonlyMap<string, SecretMask>): Shown => ({
  name: wanted.name,
  type: wanted.type,
  title: wanted.title ?? wanted.name,
  description: wanted.description ?? "",
  labels: wanted.labels ?? {},
  purpose: wanted.purpose ?? null,
  limits: wanted.limits ?? null,
  enabled: wanted.enabled ?? true,
  config: showConfig(connector.fields, parsed.plain, (pointer) => masks.get(pointer)),
  check: wanted.check ? { everyMs: wanted.check.everyMs, timeoutMs: wanted.check.timeoutMs ?? TIMEOUT_MS } : undefined,
})

const shownRow = (row: ConnectorRow, connector: AnyConnector | undefined, fingerprints: ReadonlyMap<string, string>): Omit<Shown, "check"> => ({
  name: row.name,
  type: row.type,
  title: row.title,
  description: row.description,
  labels: row.labels,
  purpose: row.purpose,
  limits: row.limits,
  enabled: row.status !== "disabled",
  config:
    connector === undefined
      ? {}
      : showConfig(connector.fields, row.config, (pointer) => {
          const fingerprint = fingerprints.get(pointer)
          return fingerprint === undefined ? undefined : { set: true, fingerprint }
        }),
})

function maskPointers(value: unknown, pointer: string): string[] {
  if (value === null || typeof value !== "object") return []
  if ((value as Partial<SecretMask>).set === true) return [pointer]
  return Object.entries(value).flatMap(([name, inner]) => maskPointers(inner, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`))
}
