import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { PartialTest } from "../../hub/probes/probe.ts"
import { isGiven, pointersOf, type Row, type Settings } from "../mapping.ts"
import { fieldOf, lastOf, placeIn, pointerOf } from "../places.ts"
import { lacking } from "../read-config.ts"
import { writeDocument } from "../write-document.ts"
import { type BuiltType, MASK } from "./types.ts"

/** The document that the hub stores and shows again; it contains no secrets. */
export interface Document extends Settings {
  readonly type: string
  readonly authMethod: string
  readonly config: Settings
  /** The keys of `authConfig`. */
  readonly credentials: readonly string[]
}

/** The connector object on the page; it never has `authConfig`. */
export interface Shown {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly description: string
  readonly config: Settings
  readonly authMethod: string
  readonly status: Status
  readonly lastTestedAt: string | null
  readonly lastError: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** `inactive`: not tested since the last change, or disabled. */
export type Status = "active" | "error" | "inactive"

const DEFAULT_AUTH_METHOD = "access_key"

/** The document as this API stored it; undefined if the connector was created or last changed in another way. */
export function documentOf(types: readonly BuiltType[], { compat, document, type }: ConnectorView): Document | undefined {
  if (compat !== "kaireon" || document === null) return undefined
  return types.find(({ name }) => name === document["type"])?.type === type ? (document as Document) : undefined
}

/** KaireonAI's type of a connector; undefined if KaireonAI does not have that type. */
export function typeOf(types: readonly BuiltType[], view: ConnectorView): BuiltType | undefined {
  const document = documentOf(types, view)
  if (document !== undefined) return types.find(({ name }) => name === document.type)
  return types.find(({ type, when }) => type === view.type && (when?.(view.config) ?? true))
}

/** A connector in the form of the page. */
export function shown(type: BuiltType, view: ConnectorView): Shown {
  const document = documentOf([type], view)
  return {
    id: view.id,
    name: view.title,
    type: type.name,
    description: view.description,
    config: settingsOf(type, document, view.config),
    authMethod: document?.authMethod ?? DEFAULT_AUTH_METHOD,
    status: statusOf(view),
    lastTestedAt: view.lastTestedAt,
    lastError: view.lastTest?.error?.message ?? null,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
  }
}

/** The status of a connector. A draft is always `incomplete` in the hub, so here its last test decides. */
function statusOf({ status, lastTest }: ConnectorView): Status {
  if (status === "active" || status === "error") return status
  if (status !== "incomplete" || lastTest === null) return "inactive"
  return lastTest.ok ? "active" : "error"
}

/** The key of a row in `config` or `authConfig`. */
export const keyOf = (row: Row): string => lastOf(pointersOf(row)[0] ?? "")

/** The `config` of a connector: the values of the document that still apply, and later changes from elsewhere. */
export function settingsOf(type: BuiltType, document: Document | undefined, config: Settings): Settings {
  const sent = document?.config
  const inConfig = type.credentials.filter((row) => sent !== undefined && Object.hasOwn(sent, keyOf(row)))
  // For a connection string, all parts are shown, including those that it omits.
  const hidesDefaults = sent === undefined || !Object.hasOwn(sent, "connectionString")
  return writeDocument([...type.rows, ...inConfig], config, { sent, mask: MASK, defaults: hidesDefaults ? type.connector.fields : undefined })
}

/** A credential that is set: its key as the client named it, the hub's pointer, and its value if that is not a secret. */
export interface Credential {
  readonly key: string
  readonly row: Row
  readonly pointer: string
  readonly value: string | undefined
}

/** The credentials that are set, each once. */
export function credentialsOf(type: BuiltType, document: Document | undefined, config: Settings): Credential[] {
  const keys = [...(document?.credentials ?? []), ...Object.keys(document?.config ?? {}), ...type.credentials.map(keyOf)]
  const found = new Map<string, Credential>()
  for (const key of keys) {
    const row = type.credentials.find((each) => keyOf(each) === key)
    if (row?.ours === undefined) continue
    const [pointer, value] = [pointerOf(row.ours), placeIn(config, row.ours)]
    if (isGiven(value) && !found.has(pointer)) found.set(pointer, { key, row, pointer, value: typeof value === "string" ? value : undefined })
  }
  return [...found.values()]
}

/** A stored config in the form in which a client would send it. */
export const keptConfig = (type: BuiltType, config: Settings): Settings => settingsOf(type, undefined, config)

/** The stored credentials as a client would send them, by their masks. */
export const keptCredentials = (type: BuiltType, config: Settings): Settings =>
  Object.fromEntries(credentialsOf(type, undefined, config).map(({ key }) => [key, MASK]))

/** The test of an incomplete connector: it names the missing keys or, if only credentials are missing, connects to the address. */
export function partialTest(type: BuiltType, view: ConnectorView): PartialTest | undefined {
  const document = documentOf([type], view)
  // The page's required keys apply only to connectors that were created through this API.
  const keys = document === undefined ? [] : lacking(type.rows, settingsOf(type, document, view.config)).map(lastOf)
  if (keys.length > 0) return { missing: keys.map((key) => ({ pointer: `/config/${key}`, message: `config.${key} is required.` })) }
  if (view.missing.length === 0) return undefined
  const fields = new Set(type.credentials.map(({ ours = "" }) => fieldOf(ours)))
  const onlyCredentials = view.missing.every(({ pointer }) => fields.has(fieldOf(pointer)))
  const hasNone = credentialsOf(type, document, view.config).length === 0
  const address = onlyCredentials && hasNone ? type.connector.address?.(view.config) : undefined
  return address === undefined ? { missing: view.missing } : { reach: address }
}

/** The first two and last two characters of a value with more than eight; nothing of a shorter one. */
export const masked = (value: string): string => (value.length > 8 ? `${value.slice(0, 2)}***${value.slice(-2)}` : MASK)
