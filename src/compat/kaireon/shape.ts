import { isMask } from "../../core/config.ts"
import type { Fault } from "../../core/errors.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { PartialTest } from "../../hub/probes/probe.ts"
import { type Kind, MASK, type Place, placeOf, type Settings } from "./kind.ts"
import { kindFor, kindNamed } from "./kinds.ts"
import { type Document, valueAt } from "./mapping.ts"

/** The connector object of the page; `authConfig` is in none. */
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

/** `inactive` is not tested since its last change, or switched off. */
export type Status = "active" | "error" | "inactive"

const DEFAULT_AUTH_METHOD = "access_key"

/** The document as this API stored it; undefined when the connector was made or last changed in another way. */
export function documentOf(view: ConnectorView): Document | undefined {
  const { compat, document } = view
  if (compat !== "kaireon" || document === null) return undefined
  return kindNamed(String(document["type"]))?.native === view.type ? (document as Document) : undefined
}

/** What KaireonAI calls the connector's type; undefined when it has no name for it. */
export function kindOf(view: ConnectorView): Kind | undefined {
  const document = documentOf(view)
  return document === undefined ? kindFor(view.type, view.config) : kindNamed(document.type)
}

/** A connector as the page shows it. */
export function shown(kind: Kind, view: ConnectorView): Shown {
  const document = documentOf(view)
  return {
    id: view.id,
    name: view.title,
    type: kind.type,
    description: view.description,
    config: settingsOf(kind, document, view.config),
    authMethod: document?.authMethod ?? DEFAULT_AUTH_METHOD,
    status: statusOf(view),
    lastTestedAt: view.lastTestedAt,
    lastError: view.lastTest?.error?.message ?? null,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
  }
}

/** A draft keeps its native status, so its last test tells. */
function statusOf({ status, lastTest }: ConnectorView): Status {
  if (status === "active" || status === "error") return status
  if (status !== "incomplete" || lastTest === null) return "inactive"
  return lastTest.ok ? "active" : "error"
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

/** The `config` of a native one: as the document has it where both say the same, with what was changed elsewhere since. */
export function settingsOf(kind: Kind, document: Document | undefined, native: Settings): Settings {
  const out: Record<string, unknown> = {}
  for (const [key, sent] of Object.entries(document?.config ?? {})) {
    const place = placeOf(kind.settings, key) ?? placeOf(kind.credentials, key)
    const other = kind.others.find(({ keys }) => keys.includes(key))
    const value = place === undefined ? undefined : valueAt(native, place)
    if (place !== undefined) {
      if (place.secret === true ? isMask(value) : isSet(value)) out[key] = place.secret === true ? MASK : String(value) === String(sent) ? sent : value
    } else if (other === undefined || saysSame(other, sent, key, native)) out[key] = sent
  }
  for (const [key, place] of Object.entries(kind.settings)) {
    const named = Object.entries(kind.settings).some(([each, { field }]) => field === place.field && each in out)
    const value = valueAt(native, place)
    if (!named && isSet(value) && !(document !== undefined && isImplied(kind, document, key, value))) out[key] = value
  }
  for (const other of kind.others) if (!other.keys.some((key) => key in out)) Object.assign(out, other.toConfig(native[other.field]))
  return out
}

/** Whether the hub filled the value in for what the client left out; what a connection string leaves out is shown. */
const isImplied = (kind: Kind, document: Document, key: string, value: unknown): boolean =>
  kind.implied[key] === value && !(kind.compound !== undefined && Object.hasOwn(document.config, kind.compound.key))

function saysSame(other: Kind["others"][number], sent: unknown, key: string, native: Settings): boolean {
  const result = other.toNative({ [key]: sent })
  return "value" in result && JSON.stringify(other.toConfig(result.value)) === JSON.stringify(other.toConfig(native[other.field]))
}

/** A credential that is set: its key as the client named it, and its value when that is no secret. */
export interface Credential {
  readonly key: string
  readonly place: Place
  readonly pointer: string
  readonly value: string | undefined
}

/** The credentials that are set, each once. */
export function credentialsOf(kind: Kind, document: Document | undefined, native: Settings): Credential[] {
  const keys = [...(document?.credentials ?? []), ...Object.keys(document?.config ?? {}), ...Object.keys(kind.credentials)]
  const found = new Map<string, Credential>()
  for (const key of keys) {
    const place = placeOf(kind.credentials, key)
    if (place === undefined) continue
    const pointer = `/${place.field}${place.inner === undefined ? "" : `/${place.inner}`}`
    const value = valueAt(native, place)
    if (isSet(value) && !found.has(pointer)) found.set(pointer, { key, place, pointer, value: typeof value === "string" ? value : undefined })
  }
  return [...found.values()]
}

/** How far a connector can be tested that lacks something: what the page requires, or with no credential at all the way to it. */
export function partialTest(kind: Kind, view: ConnectorView): PartialTest | undefined {
  const document = documentOf(view)
  const config = settingsOf(kind, document, view.config)
  const fault = (key: string): Fault => ({ pointer: `/config/${key}`, message: `config.${key} is required.` })
  // The page's required keys apply to connectors that were made through this API alone.
  const lacking = document === undefined ? [] : kind.required.filter((key) => !isSet(config[key])).map(fault)
  if (lacking.length > 0) return { missing: lacking }
  if (view.missing.length === 0) return undefined
  const fields = new Set(Object.values(kind.credentials).map(({ field }) => `/${field}`))
  const onlyCredentials = view.missing.every(({ pointer }) => fields.has(pointer.replace(/^(\/[^/]+).*$/, "$1")))
  const address = onlyCredentials && credentialsOf(kind, document, view.config).length === 0 ? kind.reach(view.config) : undefined
  return address === undefined ? { missing: view.missing } : { reach: address }
}

/** First two and last two characters of what is longer than eight, else nothing of it. */
export const masked = (value: string): string => (value.length > 8 ? `${value.slice(0, 2)}***${value.slice(-2)}` : MASK)
