import { type Fault, PlatformError } from "../../core/errors.ts"
import { hiddenSecrets } from "../hidden-secrets.ts"
import { isSettings, type Kind, MASK, type Place, placeOf, type Settings } from "./kind.ts"
import { credentialsOf, settingsOf } from "./shape.ts"

/** What a client posts of a connector's configuration, `connectionConfig` already merged into `config`. */
export interface Posted {
  readonly config: Settings
  readonly authConfig: Settings
  readonly authMethod: string
}

/** What is stored now, for masks that are sent back: the native config, and each credential's value or mask by its key. */
export interface Stored {
  readonly native: Settings
  readonly masks: ReadonlyMap<string, string>
}

/** The document that is stored for showing: no secret is in it. */
export interface Document extends Settings {
  readonly type: string
  readonly authMethod: string
  readonly config: Settings
  /** The keys of `authConfig`. */
  readonly credentials: readonly string[]
}

/** The native config that a posted one is, whole (`null` clears), and its document. Throws `request_invalid` with every fault. */
export function nativeOf(kind: Kind, posted: Posted, stored: Stored | undefined): { config: Record<string, unknown>; document: Document } {
  const faults: Fault[] = []
  const { config, credentials } = unfold(kind, posted, stored, faults)
  const native = blank(kind)
  for (const [key, place] of Object.entries(kind.settings)) put(native, place, given(config[key]) ? settingOf(place, config[key]) : undefined)
  putCredentials(kind, native, credentials, stored, faults)
  for (const other of kind.others) {
    if (!other.keys.some((key) => given(config[key]))) continue
    const result = other.toNative(config)
    if ("fault" in result) faults.push(result.fault)
    else native[other.field] = result.value
  }
  kind.complete?.(native)
  for (const [key, value] of Object.entries(posted.config)) if (!isKnown(kind, key)) faults.push(...hidden(key, value))
  if (faults.length > 0) throw new PlatformError("request_invalid", faults.map(({ message }) => message).join(" "), { faults })
  return { config: native, document: documentOf(kind, posted) }
}

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

/** Ports come as text too. */
const settingOf = (place: Place, value: unknown): unknown =>
  place.field === "port" && typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value

/** Every field that the kind's keys stand for, cleared. */
function blank(kind: Kind): Record<string, unknown> {
  const places = [...Object.values(kind.settings), ...Object.values(kind.credentials)]
  return Object.fromEntries([...places, ...kind.others].map(({ field }) => [field, null]))
}

function put(native: Record<string, unknown>, place: Place, value: unknown): void {
  if (value === undefined) return
  if (place.inner === undefined) native[place.field] = value
  else native[place.field] = { ...(isSettings(native[place.field]) ? (native[place.field] as Settings) : {}), kind: place.kind, [place.inner]: value }
}

/** Takes a connection string apart, and credentials out of `config`. */
function unfold(kind: Kind, posted: Posted, stored: Stored | undefined, faults: Fault[]): { config: Settings; credentials: Settings } {
  const inConfig = Object.fromEntries(Object.entries(posted.config).filter(([key, value]) => Object.hasOwn(kind.credentials, key) && given(value)))
  const sent = { ...inConfig, ...Object.fromEntries(Object.entries(posted.authConfig).filter(([, value]) => given(value))) }
  const text = kind.compound === undefined ? undefined : posted.config[kind.compound.key]
  if (kind.compound === undefined || !given(text)) return { config: posted.config, credentials: sent }
  if (text === MASK) {
    if (stored === undefined) faults.push({ pointer: `/config/${kind.compound.key}`, message: `config.${kind.compound.key} is a mask, but nothing is stored.` })
    const kept = Object.fromEntries(credentialsOf(kind, undefined, stored?.native ?? {}).map(({ key }) => [key, MASK]))
    return { config: { ...settingsOf(kind, undefined, stored?.native ?? {}), ...posted.config }, credentials: { ...kept, ...sent } }
  }
  const parsed =
    typeof text === "string" ? kind.compound.parse(text) : { pointer: `/config/${kind.compound.key}`, message: `config.${kind.compound.key} must be text.` }
  if ("message" in parsed) {
    faults.push(parsed as Fault)
    return { config: posted.config, credentials: sent }
  }
  return { config: { ...posted.config, ...parsed.config }, credentials: { ...parsed.credentials, ...sent } }
}

function putCredentials(kind: Kind, native: Record<string, unknown>, credentials: Settings, stored: Stored | undefined, faults: Fault[]): void {
  const taken = new Map<string, string>()
  for (const [key, value] of Object.entries(credentials)) {
    const place = placeOf(kind.credentials, key)
    const pointer = `/authConfig/${key.slice(0, 60)}`
    if (place === undefined) {
      const known = Object.keys(kind.credentials).join(", ")
      faults.push({ pointer, message: `authConfig.${key.slice(0, 60)} is no credential of ${kind.type}; they are ${known}.` })
    } else if (typeof value !== "string") faults.push({ pointer, message: `authConfig.${key} must be text.` })
    else {
      const other = [...taken].find(([, field]) => conflicts(field, place, native))
      if (other !== undefined) faults.push({ pointer, message: `authConfig has both ${other[0]} and ${key}; send one of them.` })
      taken.set(key, place.field)
      put(native, place, keptOr(place, key, value, stored))
    }
  }
}

/** Two ways to log in at once, or one place named twice. */
function conflicts(field: string, place: Place, native: Readonly<Record<string, unknown>>): boolean {
  if (field !== place.field) return false
  if (place.inner === undefined) return true
  const before = native[field]
  return isSettings(before) && (before["kind"] !== place.kind || before[place.inner] !== undefined)
}

/** A mask keeps what is stored: a secret by the native mask, anything else by its value. */
function keptOr(place: Place, key: string, value: string, stored: Stored | undefined): unknown {
  if (value !== MASK && value !== stored?.masks.get(key)) return value
  if (place.secret === true) return { set: true }
  return valueAt(stored?.native ?? {}, place)
}

/** What the native config has at a place. */
export function valueAt(native: Settings, place: Place): unknown {
  const value = native[place.field]
  if (place.inner === undefined) return value
  return isSettings(value) && value["kind"] === place.kind ? value[place.inner] : undefined
}

const isKnown = (kind: Kind, key: string): boolean =>
  Object.hasOwn(kind.settings, key) || Object.hasOwn(kind.credentials, key) || key === kind.compound?.key || kind.others.some(({ keys }) => keys.includes(key))

/** The faults of a value that would be stored as it is, yet holds what looks like a credential, however deep. */
const hidden = (key: string, value: unknown): Fault[] =>
  hiddenSecrets(`config.${key.slice(0, 60)}`, value, key).map((name) => ({
    pointer: `/${name.replaceAll(".", "/")}`,
    message: `${name} looks like a credential that cannot be kept safe there; send it in authConfig.`,
  }))

function documentOf(kind: Kind, { config, authConfig, authMethod }: Posted): Document {
  const isSecret = (key: string): boolean => key === kind.compound?.key || placeOf(kind.credentials, key)?.secret === true
  const derived = kind.others.flatMap(({ secret, keys }) => (secret === true ? keys : []))
  const shown = Object.entries(config).filter(([key, value]) => value !== null && !derived.includes(key))
  return {
    type: kind.type,
    authMethod,
    config: Object.fromEntries(shown.map(([key, value]) => [key, isSecret(key) ? MASK : value])),
    credentials: Object.keys(authConfig),
  }
}
