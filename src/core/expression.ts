import { createRequire } from "node:module"
import { PlatformError } from "./errors.ts"
import { judge, type Node } from "./expression-judge.ts"
import { gluedFault, type NameToken, quotesHint } from "./expression-names.ts"
import { trimmed } from "./expression-trim.ts"
import type { Value } from "./values.ts"

/** The maximum length of an expression, in characters. */
export const EXPRESSION_MAX = 2_000
const KEPT = 200

interface Jmespath {
  compile(text: string): Node
  tokenize(text: string): NameToken[]
  registerFunction(name: string, work: (given: [string, string?]) => string, signature: readonly object[], options: { readonly override: true }): void
  readonly TYPE_STRING: number
  readonly TreeInterpreter: { search(node: Node, value: Value): Value }
}

let library: Jmespath | undefined
const known = new Map<string, Parsed>()
/** The limit of bytes times cost for a quick evaluation; this much work takes a few milliseconds. */
const QUICK_WORK = 1_500_000

interface Parsed {
  readonly node: Node
  readonly quickCost: number | undefined
}

/**
 * Evaluates a JMESPath expression on a value; null if it selects nothing. Fails with `response_invalid` if the types do
 * not fit the functions. Has no time limit of its own: where `isQuick` is false, call it in a process that can be ended.
 */
export function evaluate(text: string, value: Value): Value {
  const { node } = parse(text)
  try {
    return loaded().TreeInterpreter.search(node, value) ?? null
  } catch (cause) {
    // The stack is not the expression's fault alone; the caller says what was nested too deeply.
    if (cause instanceof RangeError) throw cause
    const reason = gluedFault(text, loaded().tokenize(text))?.replace(/\.$/, "") ?? `does not fit the response: ${reasonOf(cause)}`
    throw new PlatformError("response_invalid", `The expression ${clip(text)} ${reason}.`, { cause })
  }
}

/** Whether an evaluation on a value of so many bytes of JSON surely takes only a few milliseconds. */
export function isQuick(text: string, bytes: number): boolean {
  const { quickCost } = parse(text)
  return quickCost !== undefined && bytes * quickCost <= QUICK_WORK
}

/** JMESPath's definition of truth: null, false and empty values are false. */
export function isTruthy(value: Value): boolean {
  if (value === null || value === false || value === "") return false
  return typeof value !== "object" || Object.keys(value).length > 0
}

/** The problem with a JMESPath expression, worded to follow a field's title; undefined if it is valid. */
export function expressionFault(text: string): string | undefined {
  try {
    parse(text)
    return gluedFault(text, loaded().tokenize(text))
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return error.message
  }
}

function parse(text: string): Parsed {
  const before = known.get(text)
  if (before !== undefined) return before
  if (text.length > EXPRESSION_MAX) throw fault(`must have at most ${EXPRESSION_MAX} characters; it has ${text.length}.`)
  let node: Node
  try {
    node = loaded().compile(text)
  } catch (cause) {
    throw fault(`cannot be parsed: ${reasonOf(cause)} (column ${columnOf(text, cause)})${quotesHint(reasonOf(cause))}.`, cause)
  }
  const judged = judge(node)
  if ("refused" in judged) throw fault(judged.refused)
  const parsed = { node, quickCost: judged.quickCost }
  if (known.size >= KEPT) known.delete(known.keys().next().value ?? "")
  known.set(text, parsed)
  return parsed
}

/**
 * Finds the column of a syntax error, which the parser does not report: the shortest prefix that fails with the same
 * message ends at the error. Every longer prefix fails with it too, so the search halves the range at each step.
 */
function columnOf(text: string, cause: unknown): number {
  const { compile, tokenize } = loaded()
  const said = reasonOf(cause)
  if (said.endsWith("got: EOF")) return text.length + 1
  const says = (work: () => unknown): string | undefined => {
    try {
      work()
      return undefined
    } catch (error) {
      return reasonOf(error)
    }
  }
  if (says(() => tokenize(text)) !== undefined) {
    return firstWhere(text.length, (index) => says(() => tokenize(text.slice(0, index + 1))) === said) + 1
  }
  const starts = tokenize(text).map(({ start }) => start)
  const at = firstWhere(starts.length, (index) => says(() => compile(text.slice(0, starts[index + 1] ?? text.length))) === said)
  return (starts[at] ?? text.length) + 1
}

/** The first index below `count` for which `holds` is true, when it is true for all later ones; `count` if there is none. */
function firstWhere(count: number, holds: (index: number) => boolean): number {
  let [from, to] = [0, count]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (holds(middle)) to = middle
    else from = middle + 1
  }
  return from
}

function loaded(): Jmespath {
  // Loaded with the first expression, because most connectors have none.
  if (library !== undefined) return library
  library = createRequire(import.meta.url)("@jmespath-community/jmespath") as Jmespath
  const types = [library.TYPE_STRING]
  for (const [name, side] of [["trim", "both"] as const, ["trim_left", "left"] as const, ["trim_right", "right"] as const])
    library.registerFunction(name, ([text, characters]) => trimmed(text, characters, side), [{ types }, { types, optional: true }], { override: true })
  return library
}

const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : "")
    .replace(/^Syntax error: /, "")
    // The rejected text may be a secret that was entered in the wrong field; the column is enough to find it.
    .replace(/:? ?["'`][^"]{9,}["'`]$/, "")
    .replace(/\.$/, "")
    .slice(0, 200)

/** The beginning of an expression, for messages. */
export const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

const fault = (message: string, cause?: unknown): PlatformError => new PlatformError("config_invalid", message, { cause })
