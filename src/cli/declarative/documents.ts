import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml"
import type { Fault } from "../../core/errors.ts"
import type { Source } from "./sources.ts"

/** A fault with its place in a file; lines and columns start at 1. */
export interface FileFault extends Fault {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Makes a fault at a pointer below an entry: at the value itself, or at its nearest existing ancestor. */
export type FaultAt = (pointer: string, message: string) => FileFault

/** One connector as written in a file, with its placeholders. */
export interface Entry {
  readonly name: string
  readonly value: Readonly<Record<string, unknown>>
  readonly owner: string | undefined
  readonly source: Source
  readonly at: FaultAt
}

interface Parsed {
  readonly entries: readonly Entry[]
  readonly owners: readonly string[]
  readonly faults: readonly FileFault[]
}

/** The maximum number of aliases: they are meant for repeated values, not for a text that grows a thousandfold. */
const MOST_ALIASES = 1_000
const MOST_DEPTH = 64
/** The maximum number of reported faults per document, because a file that is not YAML has a fault in every line. */
const MOST_TOLD = 20

/** Our messages for the faults of the YAML library, whose own messages may quote the file and thus a secret. */
const WORDS: Readonly<Record<string, string>> = {
  BAD_ALIAS: "names an anchor that does not exist.",
  BAD_DIRECTIVE: "is an unsupported directive; only %YAML 1.2 is supported.",
  BAD_INDENT: "is indented differently from its neighbours.",
  DUPLICATE_KEY: "occurs twice.",
  MISSING_CHAR: "has no closing bracket, quote or comma.",
  MULTILINE_IMPLICIT_KEY: "is a key that spans several lines; check that the previous line is complete.",
  NON_STRING_KEY: "is a key that is not text.",
  RESOURCE_EXHAUSTION: "is nested too deeply.",
  TAB_AS_INDENT: "is indented with a tab; use spaces.",
  TAG_RESOLVE_FAILED: "has an unsupported tag; custom tags are not allowed.",
  BLOCK_AS_IMPLICIT_KEY: "starts a block where a value is expected; put it on its own line, or in quotes.",
}

/**
 * Reads YAML 1.2 (or JSON) files of connectors; reports every fault of every file at once. No fault quotes a value.
 */
export function parseSources(sources: readonly Source[]): Parsed {
  const entries: Entry[] = []
  const owners = new Set<string>()
  const faults: FileFault[] = []
  for (const source of sources) {
    const lines = new LineCounter()
    for (const document of composed(source, lines, faults)) {
      const place = placeOf(source, lines)
      const found = readDocument(document, source, place, faults)
      if (found.owner !== undefined) owners.add(found.owner)
      entries.push(...found.entries)
    }
  }
  return { entries: unique(entries, faults), owners: [...owners], faults }
}

function composed(source: Source, lines: LineCounter, faults: FileFault[]): Document[] {
  try {
    const documents = parseAllDocuments(source.text, {
      version: "1.2",
      schema: "core",
      prettyErrors: false,
      lineCounter: lines,
      logLevel: "silent",
      merge: false,
    })
    return Array.isArray(documents) ? (documents as unknown as Document[]) : []
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    faults.push({ pointer: "", file: source.file, line: 1, column: 1, message: `is nested deeper than ${MOST_DEPTH} levels.` })
    return []
  }
}

type Place = (offset: number, pointer: string, message: string) => FileFault

const placeOf =
  (source: Source, lines: LineCounter): Place =>
  (offset, pointer, message) => {
    const { line, col } = lines.linePos(offset)
    return { pointer, file: source.file, line: Math.max(1, line), column: Math.max(1, col), message }
  }

function readDocument(document: Document, source: Source, place: Place, faults: FileFault[]): { owner: string | undefined; entries: Entry[] } {
  const none = { owner: undefined, entries: [] }
  const broken = [...document.errors, ...document.warnings]
  const unquoted = broken.find(({ pos }) => source.text.slice(pos[0] - 1, pos[0] + 1) === "${")
  // One brace that YAML reads as its own syntax makes everything after it faulty.
  if (unquoted !== undefined) faults.push(place(unquoted.pos[0] - 1, "", "is a placeholder inside { } or [ ]; put it in quotes."))
  else for (const { code, pos } of broken.slice(0, MOST_TOLD)) faults.push(place(pos[0], "", WORDS[code] ?? "is not valid YAML."))
  if (broken.length > 0 || document.contents === null) return none
  const root = document.contents
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2")
    faults.push(place(0, "", "names another version of YAML; only 1.2 is supported."))
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES })
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    faults.push(place(0, "", `has more than ${MOST_ALIASES} uses of aliases, or an alias of an anchor that does not exist.`))
    return none
  }
  if (isDeep(value)) {
    faults.push(place(0, "", `is nested deeper than ${MOST_DEPTH} levels.`))
    return none
  }
  const fault = (pointer: string, message: string): FileFault => place(offsetOf(document, pointer), pointer, message)
  if (!isMap(root) || !isRecord(value)) {
    faults.push(fault("", "must be a mapping with `connectors`."))
    return none
  }
  for (const key of Object.keys(value)) {
    if (key !== "connectors" && key !== "owner")
      faults.push(fault(pointerTo(key), `There is no "${key.slice(0, 60)}" here; the keys are connectors and owner.`))
  }
  const owner = ownerOf(value["owner"], fault, faults)
  return { owner, entries: entriesOf(root, value["connectors"], { source, owner, fault, faults }) }
}

function ownerOf(owner: unknown, fault: FaultAt, faults: FileFault[]): string | undefined {
  if (owner === undefined || owner === null) return undefined
  if (typeof owner === "string" && /^[A-Za-z0-9_./-]{1,200}$/.test(owner)) return owner
  faults.push(fault("/owner", "must be one word of letters, digits, _ . / -"))
  return undefined
}

interface Around {
  readonly source: Source
  readonly owner: string | undefined
  readonly fault: FaultAt
  readonly faults: FileFault[]
}

function entriesOf(root: Node, value: unknown, { source, owner, fault, faults }: Around): Entry[] {
  if (value === undefined || value === null) return []
  if (!isRecord(value)) {
    faults.push(fault("/connectors", "must be a mapping from names to connectors."))
    return []
  }
  const names = isMap(root) ? root.get("connectors", true) : undefined
  for (const pair of isMap(names) ? names.items : []) {
    if (isScalar(pair.key) && typeof pair.key.value !== "string")
      faults.push(fault(`/connectors${pointerTo(String(pair.key.value))}`, "is a name that YAML reads as a number or another type; put it in quotes."))
  }
  return Object.entries(value).flatMap(([name, each]) => {
    const base = `/connectors${pointerTo(name)}`
    if (isRecord(each)) return [{ name, value: each, owner, source, at: (pointer: string, message: string) => fault(base + pointer, message) }]
    faults.push(fault(base, "must be a mapping with `type` and `config`."))
    return []
  })
}

function unique(entries: readonly Entry[], faults: FileFault[]): Entry[] {
  const seen = new Map<string, Entry>()
  for (const entry of entries) {
    const first = seen.get(entry.name)
    if (first === undefined) seen.set(entry.name, entry)
    else {
      const { file, line } = first.at("", "")
      faults.push(entry.at("", `"${entry.name.slice(0, 100)}" occurs twice; the first is in ${file}, line ${line}.`))
    }
  }
  return [...seen.values()]
}

/** The offset of the value at a pointer, or of its nearest existing ancestor. */
function offsetOf(document: Document, pointer: string): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const segment of pointer.split("/").slice(1).map(decode)) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment)
      if (pair === undefined) return offset
      offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(segment)]
      if (!isNode(item)) return offset
      offset = item.range?.[0] ?? offset
      node = item
    } else return offset
  }
  return offset
}

/**
 * Whether a value is nested too deeply, or endlessly, because an alias may occur inside its own anchor. Not
 * recursive.
 */
function isDeep(value: unknown): boolean {
  const left: [unknown, number][] = [[value, 1]]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [each, depth] = next
    if (depth > MOST_DEPTH) return true
    if (each !== null && typeof each === "object") for (const inner of Object.values(each)) left.push([inner, depth + 1])
  }
  return false
}

const pointerTo = (name: string): string => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`
const decode = (segment: string): string => segment.replaceAll("~1", "/").replaceAll("~0", "~")

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value)
