import { Document, isMap, type Pair, type YAMLMap } from "yaml"
import type { Wire } from "../../wire.ts"
import type { Connector } from "../answers.ts"
import { escapePlaceholders } from "./placeholders.ts"

/** The source of the secrets of an export when it is applied. */
export type PlaceholderKind = "env" | "file" | "vault" | "keep"

export interface WriteOptions {
  readonly placeholders: PlaceholderKind
  /** The prefix of variable names, file paths or Vault paths. */
  readonly prefix: string
}

/** The default prefix of each kind. */
export const PREFIXES: Readonly<Record<PlaceholderKind, string>> = { env: "JACKFIELD_", file: "secrets/", vault: "secret/jackfield/", keep: "" }

/** The schedule of a connector's checks. */
export type Schedule = Pick<Wire["Check"], "everyMs" | "timeoutMs"> & { readonly connector: Pick<Wire["Check"]["connector"], "id"> }

interface Needed {
  readonly name: string
  readonly where: string
}

/**
 * Writes connectors as a file for `apply`, sorted by name, with secrets as placeholders: equal connectors give equal
 * texts, byte for byte. The header lists the values that must be provided when the file is applied.
 */
export function writeConnectors(connectors: readonly Connector[], schedules: readonly Schedule[], options: WriteOptions): string {
  const needed: Needed[] = []
  const names = new Set<string>()
  const sorted = [...connectors].sort((one, other) => (one.name < other.name ? -1 : 1))
  // A map keeps its order, whereas an object puts numeric names first.
  const entries = new Map(sorted.map((each) => [each.name, entryOf(each, schedules, (path) => placeholder(each.name, path, options, names, needed))]))
  const document = new Document({ connectors: entries }, { version: "1.2", schema: "core", aliasDuplicateObjects: false })
  spaced(document)
  document.commentBefore = headOf(needed, options)
  return document.toString({ lineWidth: 0, indentSeq: false, singleQuote: false, flowCollectionPadding: true })
}

/** The parts of a connector that the file contains; values that equal the default are left out. */
function entryOf(connector: Connector, schedules: readonly Schedule[], secret: (path: readonly string[]) => string): Record<string, unknown> {
  const { name, type, title, description, labels, purpose, limits, status, missing } = connector
  const check = schedules.find((each) => each.connector.id === connector.id)
  const { requests, perMs, concurrency } = limits ?? {}
  const plain = (text: string): string => escapePlaceholders(text)
  return {
    type,
    ...(title === name ? {} : { title: plain(title) }),
    ...(description === "" ? {} : { description: plain(description) }),
    ...(Object.keys(labels).length === 0 ? {} : { labels: new Map(sortedEntries(labels).map(([key, value]) => [key, plain(value)])) }),
    ...(purpose === null ? {} : { purpose }),
    ...(limits === null ? {} : { limits: given({ requests, perMs, concurrency }) }),
    ...(missing.length === 0 ? {} : { draft: true }),
    ...(status === "disabled" ? { enabled: false } : {}),
    ...(check === undefined ? {} : { check: { everyMs: check.everyMs, timeoutMs: check.timeoutMs } }),
    config: written(connector.config, [], secret),
  }
}

function written(value: unknown, path: readonly string[], secret: (path: readonly string[]) => string): unknown {
  if (typeof value === "string") return escapePlaceholders(value)
  if (value === null || typeof value !== "object") return value
  if ((value as { set?: unknown }).set === true) return secret(path)
  // A row is identified by its name, so that a placeholder keeps its name if another row is inserted before it.
  if (Array.isArray(value)) return value.map((row: unknown, index) => written(row, [...path, rowName(row) ?? String(index)], secret))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, written(each, [...path, name], secret)]))
}

function rowName(row: unknown): string | undefined {
  const name = row !== null && typeof row === "object" ? (row as { name?: unknown }).name : undefined
  return typeof name === "string" && /[A-Za-z0-9]/.test(name) ? name : undefined
}

function placeholder(name: string, path: readonly string[], { placeholders, prefix }: WriteOptions, taken: Set<string>, needed: Needed[]): string {
  if (placeholders === "keep") return `\${keep}`
  const field = path.map((part) => words(part)).join("_")
  const plain = {
    env: `${prefix}${words(name)}_${field}`,
    file: `${prefix}${name}.${field.toLowerCase()}`,
    vault: `${prefix}${name}#${field.toLowerCase()}`,
  }[placeholders]
  let chosen = plain
  for (let count = 2; taken.has(chosen); count++) chosen = `${plain}_${count}`
  taken.add(chosen)
  needed.push({ name: chosen, where: `${name}: config.${path.join(".")}` })
  return `\${${placeholders}:${chosen}}`
}

/** `privateKey` and `X-Api-Key` become `PRIVATE_KEY` and `X_API_KEY`. */
const words = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase()

const SOURCES: Readonly<Record<PlaceholderKind, string>> = {
  env: "these variables, which must be set when the file is applied",
  file: "these files, relative to this one",
  vault: "these fields of HashiCorp Vault (VAULT_ADDR, VAULT_TOKEN)",
  keep: "the hub, which keeps the stored ones",
}

function headOf(needed: readonly Needed[], { placeholders }: WriteOptions): string {
  const width = Math.max(0, ...needed.map(({ name }) => name.length))
  return [
    " Connectors of a Jackfield hub; apply them with: jackfield apply -f FILE",
    needed.length === 0 && placeholders !== "keep"
      ? " No secrets are needed."
      : ` Secrets are not included. They come from ${SOURCES[placeholders]}${needed.length === 0 ? "." : ":"}`,
    ...needed.map(({ name, where }) => `   ${name.padEnd(width)}  ${printable(where)}`),
  ].join("\n")
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a comment must end where its line ends.
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g, "?")

/** Puts an empty line before each connector, for readability. */
function spaced(document: Document): void {
  const connectors = document.get("connectors")
  if (!isMap(connectors)) return
  for (const pair of (connectors as YAMLMap).items.slice(1) as Pair[]) {
    const key = document.createNode(pair.key)
    key.spaceBefore = true
    pair.key = key
  }
}

const sortedEntries = <T>(record: Readonly<Record<string, T>>): [string, T][] => Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1))

const given = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
