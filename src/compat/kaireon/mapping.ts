import { type Fault, PlatformError } from "../../core/errors.ts"
import { isUrlFault } from "../../core/url-form.ts"
import { isGiven, pointersOf, type Row, type Settings } from "../mapping.ts"
import { aroundOf, dotted, fieldOf, lastOf } from "../places.ts"
import { faultsOf, readConfig } from "../read-config.ts"
import { mustBeText } from "../values.ts"
import { exposedSecrets, storedDocument } from "../write-document.ts"
import { type Document, keptConfig, keptCredentials, keyOf } from "./shape.ts"
import { type BuiltType, MASK } from "./types.ts"

/** The configuration that a client posts; `connectionConfig` is already merged into `config`. */
export interface Posted {
  readonly config: Settings
  readonly authConfig: Settings
  readonly authMethod: string
}

/** The stored configuration, for masks that are sent back: the config, and the displayed value of each credential by its key. */
export interface Stored {
  readonly config: Settings
  readonly masks: ReadonlyMap<string, string>
}

const STRING = "connectionString"

/** Converts a posted configuration to a complete config (`null` clears) and its document. Throws `request_invalid` with every fault. */
export function nativeOf(type: BuiltType, posted: Posted, stored: Stored | undefined): { config: Record<string, unknown>; document: Document } {
  const faults: Fault[] = []
  const { url, ...sent } = unfolded(type, posted, stored, faults)
  const rows = [...type.rows.map((row) => moved(row, "/config")), ...type.credentials.map((row) => moved({ check: mustBeText, ...row }, "/authConfig"))]
  const document = { config: sent.config, authConfig: sent.credentials }
  faults.push(...faultsOf(rows, document).map(({ pointer, message }) => ({ pointer, message: `${dotted(pointer)} ${message}` })))
  faults.push(...credentialFaults(type, sent.credentials), ...exposed(type, posted.config))
  if (faults.length > 0) throw new PlatformError("request_invalid", faults.map(({ message }) => message).join(" "), { faults })
  const isMask = (value: unknown, row: Row): boolean => {
    const [pointer = ""] = pointersOf(row)
    return aroundOf(pointer) === "/authConfig" && (value === MASK || value === stored?.masks.get(lastOf(pointer)))
  }
  const config = readConfig(rows, document, { is: isMask, stored: stored?.config })
  return { config: { ...config, ...withUrl(type, config, url) }, document: documentFrom(type, posted) }
}

const moved = (row: Row, around: string): Row => ({
  ...row,
  theirs: typeof row.theirs === "string" ? around + row.theirs : row.theirs.map((pointer) => around + pointer),
})

interface Unfolded {
  readonly config: Settings
  readonly credentials: Settings
  /** The config of the connection string. */
  readonly url?: Settings
}

/** Moves credentials out of `config`, and parses a connection string. */
function unfolded(type: BuiltType, { config, authConfig }: Posted, stored: Stored | undefined, faults: Fault[]): Unfolded {
  const names = type.credentials.map(keyOf)
  const given = (settings: Settings): Settings => Object.fromEntries(Object.entries(settings).filter(([, value]) => isGiven(value)))
  const credentials = { ...given(Object.fromEntries(Object.entries(config).filter(([key]) => names.includes(key)))), ...given(authConfig) }
  const text = type.connectionString === true ? config[STRING] : undefined
  if (!isGiven(text)) return { config, credentials }
  if (text !== MASK) {
    const read = readString(type, text)
    if ("fault" in read) faults.push({ pointer: `/config/${STRING}`, message: `config.${STRING} ${read.fault}` })
    return "fault" in read ? { config, credentials } : { config: { ...config, ...read.config }, credentials, url: read.url }
  }
  if (stored === undefined) faults.push({ pointer: `/config/${STRING}`, message: `config.${STRING} is a mask, but nothing is stored.` })
  const before = stored?.config ?? {}
  return { config: { ...keptConfig(type, before), ...config }, credentials: { ...keptCredentials(type, before), ...credentials } }
}

/** Reads a connection string by the type's own rules. TLS is named as in `config`; other parameters are rejected, because none may reach a driver unchecked. */
function readString(type: BuiltType, text: unknown): { readonly config: Settings; readonly url: Settings } | { readonly fault: string } {
  const form = type.connector.url
  if (typeof text !== "string") return { fault: "must be text." }
  if (form === undefined || !URL.canParse(text) || !form.schemes.some((scheme) => text.startsWith(`${scheme}://`)))
    return { fault: `must be ${form?.example}.` }
  const url = new URL(text)
  const [parameter, ...others] = url.searchParams
  if ((parameter !== undefined && parameter[0] !== "sslmode") || others.length > 0)
    return { fault: "may have only the parameter sslmode, and only once; put the others in config." }
  url.search = ""
  const read = form.read(url)
  if (isUrlFault(read)) return { fault: `${read.fault}. ${read.next}` }
  return { config: parameter === undefined ? {} : { sslMode: parameter[1] }, url: read.config }
}

/** Merges a connection string into a config: its fields replace those of `config`, and credentials that were sent separately replace its own. */
function withUrl(type: BuiltType, config: Settings, url: Settings | undefined): Settings {
  if (url === undefined) return {}
  const apart = new Set(type.credentials.map(({ ours = "" }) => fieldOf(ours)))
  const fields = Object.entries(url).filter(([field]) => !apart.has(field) || config[field] === null)
  // A URL without a port means the type's default port.
  return { ...("port" in config ? { port: null } : {}), ...Object.fromEntries(fields) }
}

/** The faults for credentials that the type does not have, and for pairs of which only one may be sent. */
function credentialFaults(type: BuiltType, credentials: Settings): Fault[] {
  const known = type.credentials.map(keyOf)
  const unknown = Object.keys(credentials).filter((key) => !known.includes(key))
  const given = type.credentials.filter((row) => isGiven(credentials[keyOf(row)]))
  const pairs = given.flatMap((row, index): [Row, Row][] => {
    const other = given.slice(0, index).find((each) => excludes(each.ours ?? "", row.ours ?? ""))
    return other === undefined ? [] : [[other, row]]
  })
  return [
    ...unknown
      .map((key) => key.slice(0, 60))
      .map((key) => ({
        pointer: `/authConfig/${key}`,
        message: `authConfig.${key} is not a credential of ${type.name}; the credentials are ${known.join(", ")}.`,
      })),
    ...pairs.map(([one, other]) => ({
      pointer: `/authConfig/${keyOf(other)}`,
      message: `authConfig has both ${keyOf(one)} and ${keyOf(other)}; send one of them.`,
    })),
  ]
}

const excludes = (one: string, other: string): boolean => one === other || (fieldOf(one) === fieldOf(other) && aroundOf(one) !== aroundOf(other))

/** The faults for values that look like a credential but would be stored in plain text. */
const exposed = (type: BuiltType, config: Settings): Fault[] =>
  exposedSecrets([...type.rows, ...type.credentials], withoutString(type, config), "/config").map((name) => ({
    pointer: `/${name.replaceAll(".", "/")}`,
    message: `${name} looks like a credential, which would not be encrypted there; send it in authConfig.`,
  }))

const withoutString = (type: BuiltType, config: Settings): Settings =>
  type.connectionString === true ? Object.fromEntries(Object.entries(config).filter(([key]) => key !== STRING)) : config

function documentFrom(type: BuiltType, { config, authConfig, authMethod }: Posted): Document {
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null))
  const string = type.connectionString === true && isGiven(given[STRING]) ? { [STRING]: MASK } : {}
  return {
    type: type.name,
    authMethod,
    config: { ...storedDocument([...type.rows, ...type.credentials], given, MASK), ...string },
    credentials: Object.keys(authConfig),
  }
}
