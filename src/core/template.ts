import { createRequire } from "node:module"
import { PlatformError } from "./errors.ts"
import { tagStarts } from "./template-tags.ts"
import { FILTERS, type Node, type ParsedTemplate, variablesIn } from "./template-variables.ts"

/** The maximum length of a template, in characters. */
export const TEMPLATE_MAX = 65_536
/** The maximum number of consecutive blanks: the lexer takes quadratic time in the length of a run of blanks. */
const BLANKS_MAX = 500
/** A template of so many characters may consist of blanks: it takes the lexer some 20 ms at most, and Databar's specification sets no limit but this. */
const SHORT = 2_048
const KEPT = 200

interface Token {
  readonly type: string
  readonly value: string
}
interface Jinja {
  tokenize(source: string): Token[]
  parse(tokens: Token[]): Node
}

let jinja: Jinja | undefined
const known = new Map<string, ParsedTemplate>()

/**
 * Parses a Jinja template and finds its undeclared variables; `config_invalid` names line and column. Renders
 * nothing.
 */
export function parseTemplate(text: string, most: number = TEMPLATE_MAX): ParsedTemplate {
  const before = known.get(text)
  if (before !== undefined && text.length <= most) return before
  if (text.length > most) throw fault(`must have at most ${most} characters; it has ${text.length}`, text, 0)
  const blanks = text.length <= SHORT ? null : new RegExp(`\\s{${BLANKS_MAX + 1}}`).exec(text)
  if (blanks !== null) throw fault(`must not have more than ${BLANKS_MAX} blanks in a row`, text, blanks.index)
  const parsed = variablesOf(programOf(text), text)
  if (known.size >= KEPT) known.delete(known.keys().next().value ?? "")
  known.set(text, parsed)
  return parsed
}

/** The problem with a template, worded to follow a field's title; undefined if it is valid. */
export function templateFault(text: string): string | undefined {
  try {
    parseTemplate(text)
    return undefined
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return error.message.replace(/^The template /, "")
  }
}

function variablesOf(program: Node, text: string): ParsedTemplate {
  const noFilter = (name: string): PlatformError => {
    const at = [...text.matchAll(/\|\s*(\w+)/g)].find((match) => match[1] === name)?.index ?? 0
    return fault(`uses the filter ${name.slice(0, 60)}, which does not exist; the filters are ${[...FILTERS].join(", ")}`, text, at)
  }
  try {
    return variablesIn(program, noFilter)
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw fault(`cannot be parsed: ${reasonOf(cause)}`, text, 0, cause)
  }
}

/** Parses the text. Blocks keep their blanks, which is Jinja's default. */
function programOf(text: string): Node {
  // Loaded with the first template, because most connectors have none.
  jinja ??= createRequire(import.meta.url)("@huggingface/jinja") as Jinja
  const starts = tagStarts(text)
  const open = starts.find(({ closed }) => !closed)
  let tokens: Token[]
  try {
    tokens = jinja.tokenize(text)
  } catch (cause) {
    throw fault(`cannot be parsed: ${reasonOf(cause)}`, text, open?.at ?? brokenTag(text, starts, jinja), cause)
  }
  try {
    return jinja.parse(tokens)
  } catch {
    return parseWatched(text, tokens, jinja)
  }
}

/** Parses again to find the place of a fault: the parser reports the kind of token, so the last token that it read gives the place. */
function parseWatched(text: string, tokens: readonly Token[], { parse }: Jinja): Node {
  const read = { furthest: 0 }
  const watched = tokens.map((token, index) => new WatchedToken(token, index, read))
  try {
    return parse(watched)
  } catch (cause) {
    const starts = tagStarts(text)
    const open = starts.find(({ closed }) => !closed)
    const tag = tokens.slice(0, read.furthest + 1).filter(({ type }) => OPENERS.has(type)).length
    const unfinished = cause instanceof TypeError ? "a block or an expression is not closed" : reasonOf(cause)
    throw fault(`cannot be parsed: ${unfinished}`, text, open?.at ?? starts[Math.max(0, tag - 1)]?.at ?? 0, cause)
  }
}

/** A token that notes that it was read. */
class WatchedToken implements Token {
  readonly value: string
  readonly #type: string
  readonly #index: number
  readonly #read: { furthest: number }

  constructor({ type, value }: Token, index: number, read: { furthest: number }) {
    this.value = value
    this.#type = type
    this.#index = index
    this.#read = read
  }

  get type(): string {
    this.#read.furthest = Math.max(this.#read.furthest, this.#index)
    return this.#type
  }
}

const OPENERS: ReadonlySet<string> = new Set(["OpenStatement", "OpenExpression", "Comment"])

/** The first tag that the lexer rejects on its own. */
const brokenTag = (text: string, starts: ReturnType<typeof tagStarts>, { tokenize }: Jinja): number =>
  starts.find(({ at, end }) => {
    try {
      tokenize(text.slice(at, end))
      return false
    } catch {
      return true
    }
  })?.at ?? 0

const reasonOf = (cause: unknown): string => {
  if (cause instanceof RangeError) return "it is nested too deeply"
  const said = cause instanceof Error ? cause.message : ""
  return said
    .replace(/^Parser Error: /, "")
    .replace(/\.$/, "")
    .slice(0, 200)
}

function fault(what: string, text: string, at: number, cause?: unknown): PlatformError {
  const before = text.slice(0, at).split("\n")
  const line = before.length
  const column = (before.at(-1)?.length ?? 0) + 1
  const message = `The template ${what} (line ${line}, column ${column}).`
  return new PlatformError("config_invalid", message, { cause, details: { line, column } })
}
