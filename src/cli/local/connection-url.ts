import { usage } from "../failure.ts"

/** The result of parsing a URL from the command line: the connector type, and its config in the API's format. */
export interface UrlConfig {
  readonly type: string
  readonly config: Readonly<Record<string, unknown>>
  /**
   * A path on this machine whose text belongs into the config; the user of the CLI is the operator and may name one.
   */
  readonly caFile?: string
  /** Whether the type can use a password and the URL has none. */
  readonly wantsPassword: boolean
}

/** The reader of each scheme; a type without an entry cannot be checked by URL. */
const READERS: Readonly<Record<string, (url: URL) => UrlConfig>> = {
  "postgres:": (url) => database(url, POSTGRES),
  "postgresql:": (url) => database(url, POSTGRES),
  "mysql:": (url) => database(url, MYSQL),
  "mariadb:": (url) => database(url, MYSQL),
  "https:": http,
  "http:": http,
}

const KNOWN = ["postgres://user@host:5432/database", "mysql://user@host:3306/database", "https://host/path"]
const EXAMPLES = `${KNOWN.slice(0, -1).join(", ")} or ${KNOWN.at(-1)}`

/**
 * Parses a URL by the WHATWG rules only; no driver ever sees it. Failures never contain the URL, because it may
 * contain a password.
 */
export function readConnectionUrl(text: string): UrlConfig {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  const reader = scheme === undefined || !Object.hasOwn(READERS, `${scheme}:`) ? undefined : READERS[`${scheme}:`]
  if (scheme === undefined) throw usage("The argument is not a URL.", `Write one like ${EXAMPLES}.`)
  if (reader === undefined) throw usage(`URLs that start with ${scheme}: cannot be checked.`, `Write one like ${EXAMPLES}.`)
  if (!/^[a-z]+:\/\/[^/]/i.test(text)) throw usage("The URL has no host.", `Write one like ${EXAMPLES}.`)
  if (!URL.canParse(text))
    throw usage(
      "The URL cannot be read.",
      "Percent-encode special characters in user and password (@ as %40, # as %23, / as %2F), and use a port from 1 to 65535.",
    )
  return reader(new URL(text))
}

/** Percent-decodes one part of the URL; `name` is its name in the failure. */
function decode(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw usage(`The URL's ${name} is not percent-encoded correctly${cause instanceof URIError ? "" : " at all"}.`, "Write a percent sign as %25.")
  }
}

/** The TLS parameters of a database's own clients in a URL. */
interface Spelling {
  readonly type: string
  readonly mode: string
  readonly root: string
  readonly modes: Readonly<Record<string, string>>
  /** The mode that verifies the server. */
  readonly whole: string
}

/** libpq (PostgreSQL docs, 34.1.2). */
const POSTGRES: Spelling = {
  type: "postgres",
  mode: "sslmode",
  root: "sslrootcert",
  modes: { disable: "off", require: "require", "verify-full": "verify" },
  whole: "verify-full",
}
/** MySQL Shell and related clients (MySQL docs, 6.2.5). */
const MYSQL: Spelling = {
  type: "mysql",
  mode: "ssl-mode",
  root: "ssl-ca",
  modes: { DISABLED: "off", REQUIRED: "require", VERIFY_IDENTITY: "verify" },
  whole: "VERIFY_IDENTITY",
}

/** The kind of encryption that the URL requests, and the path of the CA's file. */
function encryption(url: URL, { mode: modeName, root: rootName, modes, whole }: Spelling): { kind: string | undefined; root: string | undefined } {
  const parameters = parametersOf(url, [modeName, rootName])
  const mode = parameters.get(modeName)
  const root = parameters.get(rootName)
  if (mode !== undefined && !Object.hasOwn(modes, mode))
    throw usage(
      `This ${modeName} is not supported.`,
      `Use ${Object.keys(modes).join(", ")}; modes that fall back to no encryption, or verify only in part, are not supported.`,
    )
  if (root !== undefined && mode !== undefined && mode !== whole)
    throw usage(`${rootName} has an effect only with ${modeName}=${whole}.`, `Write ${modeName}=${whole}, or leave ${rootName} out.`)
  return { kind: mode === undefined ? (root === undefined ? undefined : "verify") : modes[mode], root }
}

function database(url: URL, spelling: Spelling): UrlConfig {
  const { kind, root } = encryption(url, spelling)
  if (url.hash !== "") throw usage("The URL has a part after #.", "Percent-encode # in user and password as %23.")
  const database = decode(url.pathname.replace(/^\//, ""), "database")
  const password = decode(url.password, "password")
  return {
    type: spelling.type,
    config: {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...(database === "" ? {} : { database }),
      ...(url.username === "" ? {} : { user: decode(url.username, "user") }),
      ...(password === "" ? {} : { password }),
      ...(kind === undefined ? {} : { tls: { kind } }),
    },
    ...(root === undefined || root === "system" ? {} : { caFile: root }),
    wantsPassword: password === "",
  }
}

/**
 * The parameters of the query, each known and present once. An unknown one is rejected by name, because ignoring it
 * would test another configuration.
 */
function parametersOf(url: URL, known: readonly string[]): Map<string, string> {
  const out = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    if (!known.includes(name))
      throw usage(`The URL's parameter "${name.slice(0, 60)}" is not known.`, `Leave it out; the known parameters are ${known.join(", ")}.`)
    if (out.has(name)) throw usage(`The URL's parameter "${name}" occurs twice.`, "Remove one of them.")
    out.set(name, value)
  }
  return out
}

function http(url: URL): UrlConfig {
  const [username, password] = [decode(url.username, "user"), decode(url.password, "password")]
  url.username = ""
  url.password = ""
  const auth = username === "" && password === "" ? undefined : { kind: "basic", username, password }
  return { type: "http", config: { url: url.href, ...(auth === undefined ? {} : { auth }) }, wantsPassword: auth !== undefined && password === "" }
}
