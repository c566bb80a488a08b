import * as jinja from "@huggingface/jinja"
import { ExactNumber } from "../../core/values.ts"
import { type Runtime, unmark } from "./exact.ts"
import type { Parts, Piece } from "./fill.ts"

/** A node of the syntax tree; the types of the package do not resolve under Node's rules. */
interface Node {
  readonly type: string
  readonly [part: string]: unknown
}
interface Program extends Node {
  readonly body: readonly Node[]
}
interface Scope {
  set(name: string, value: unknown): Runtime
}
interface Engine {
  run(program: Program): Runtime
  evaluate(node: Node | undefined, scope: Scope): Runtime | undefined
}
const { Environment, Interpreter, parse, tokenize } = jinja as unknown as {
  readonly Environment: new () => Scope
  readonly Interpreter: new (scope: Scope) => Engine
  parse(tokens: unknown): Program
  tokenize(text: string): unknown
}

/** A parsed template that can be run many times. */
export interface Compiled {
  readonly program: Program
  /**
   * The nodes inside `{{ }}` whose result goes to the output and is not captured as text (`set` blocks, macros,
   * filters).
   */
  readonly outputs: ReadonlySet<unknown>
}

/** Parses the text. Blocks keep their blanks, which is Jinja's default. */
export function compile(text: string): Compiled {
  const program = parse(tokenize(text))
  const outputs = new Set<unknown>()
  collect(program.body, outputs)
  return { program, outputs }
}

function collect(body: readonly Node[], outputs: Set<unknown>): void {
  for (const node of body) {
    if (node.type === "If") for (const each of [node["body"], node["alternate"]]) collect(each as Node[], outputs)
    else if (node.type === "For") for (const each of [node["body"], node["defaultBlock"]]) collect(each as Node[], outputs)
    else if (!STATEMENTS.has(node.type) && !isConstant(node)) outputs.add(node)
  }
}

const STATEMENTS: ReadonlySet<string> = new Set(["Set", "Macro", "Break", "Continue", "Comment"])

/**
 * Whether the node is constant text by the author, such as `{{ "," if not loop.last }}`: part of the template, not a
 * value.
 */
function isConstant(node: Node): boolean {
  if (node.type === "Ternary") return isConstant(node["trueExpr"] as Node) && isConstant(node["falseExpr"] as Node)
  if (node.type === "SelectExpression") return isConstant(node["lhs"] as Node)
  return node.type === "StringLiteral" && !String(node["value"]).includes("\u0000")
}

/** Runs a template on values; returns its literal text and the results of its expressions as separate parts. */
export function run({ program, outputs }: Compiled, values: Readonly<Record<string, unknown>>): Parts {
  const environment = new Environment()
  const given = Object.entries({ ...GLOBALS, ...values }).map(([name, value]) => environment.set(name, value))
  const pieces: Piece[] = []
  // The text of a template contains no null character, and every result of an expression becomes a piece.
  const marked = new MarkingInterpreter(environment, outputs, given.map(unmark).includes(true), (piece) => `\u0000${pieces.push(piece) - 1}\u0000`)
  const text = String(marked.run(program).value)
  return text.split("\u0000").map((part, index) => (index % 2 === 0 ? part : (pieces[Number(part)] as Piece)))
}

const GLOBALS = { true: true, false: false, none: null, True: true, False: false, None: null, range: rangeOf }
const RANGE_MAX = 100_000

function rangeOf(...given: readonly number[]): number[] {
  const [start = 0, stop = 0, step = 1] = given.length === 1 ? [0, given[0]] : given
  const count = Math.max(0, Math.ceil((stop - start) / step))
  if (!(count <= RANGE_MAX)) throw new Error(`range gives more than ${RANGE_MAX} numbers`)
  return Array.from({ length: count }, (_, index) => start + index * step)
}

/** Writes a marker into the text in place of each expression's value. */
class MarkingInterpreter extends Interpreter {
  readonly #outputs: ReadonlySet<unknown>
  readonly #mark: (piece: Piece) => string
  /** The exact numbers that expressions gave, by their nodes. */
  readonly #exacts = new Map<unknown, Runtime>()

  readonly #hasExact: boolean

  constructor(scope: Scope, outputs: ReadonlySet<unknown>, hasExact: boolean, mark: (piece: Piece) => string) {
    super(scope)
    this.#hasExact = hasExact
    this.#outputs = outputs
    this.#mark = mark
  }

  override evaluate(node: Node | undefined, scope: Scope): Runtime {
    // The first or last element of an empty list is missing; the engine has no value for it.
    const result = (this.#hasExact && node !== undefined ? this.#exactly(node, scope) : super.evaluate(node, scope)) ?? nothing()
    if (node === undefined || !this.#outputs.has(node)) return result
    const text = this.#mark(endsInJson(node) ? jsonPiece(String(result.value)) : { value: plain(result) })
    return Object.assign({ type: "StringValue", value: text }, { toString: () => text })
  }

  /** The engine has an exact number as text: arithmetic with it is refused, and what makes a number or JSON of it keeps its digits. */
  #exactly(node: Node, scope: Scope): Runtime {
    const filter = node.type === "FilterExpression" ? filterOf(node) : undefined
    if (filter === "tojson" && !hasArguments(node)) return textOf(JSON.stringify(plain(this.evaluate(node["operand"] as Node, scope))))
    const result = this.#calculated(node, scope) ?? nothing()
    const operand = this.#exacts.get(node["operand"])
    const kept = filter === "int" || filter === "float" ? (operand ?? result) : result
    if (kept.exact === true) this.#exacts.set(node, kept)
    else this.#exacts.delete(node)
    return kept
  }

  #calculated(node: Node, scope: Scope): Runtime | undefined {
    if (node.type !== "BinaryExpression" || !ARITHMETIC.has((node["operator"] as Node)["value"])) return super.evaluate(node, scope)
    const refuse = (): void => {
      if ([node["left"], node["right"]].some((each) => this.#exacts.has(each))) throw new Error("a number has more digits than can be calculated with")
    }
    try {
      return super.evaluate(node, scope)
    } finally {
      // With a text, the engine concatenates or fails for another reason.
      refuse()
    }
  }
}

/** A text in the engine's representation. */
const textOf = (text: string): Runtime => new Environment().set("text", text)

/** Jinja's undefined in the engine's representation. */
const nothing = (): Runtime => new Environment().set("nothing", undefined)

const hasArguments = (node: Node): boolean => (((node["filter"] as Node)["args"] as readonly unknown[] | undefined) ?? []).length > 0

const ARITHMETIC: ReadonlySet<unknown> = new Set(["+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">="])

const filterOf = (node: Node): unknown => {
  const filter = node["filter"] as Node
  return ((filter.type === "CallExpression" ? filter["callee"] : filter) as Node)["value"]
}

function endsInJson(node: Node): boolean {
  if (node.type !== "FilterExpression") return false
  const name = filterOf(node)
  return name === "tojson" || (name === "safe" && endsInJson(node["operand"] as Node))
}

/** Unusual separators can make `tojson` produce invalid JSON, which is then treated as plain text. */
function jsonPiece(text: string): Piece {
  try {
    JSON.parse(text)
    return { json: text }
  } catch {
    return { value: text }
  }
}

function plain(value: Runtime): unknown {
  const inner: unknown = value.value
  if (value.exact === true) return new ExactNumber(String(inner))
  if (Array.isArray(inner)) return (inner as Runtime[]).map(plain)
  if (inner instanceof Map) return Object.fromEntries([...(inner as Map<string, Runtime>)].map(([key, each]) => [key, plain(each)]))
  return typeof inner === "function" || inner === undefined ? null : inner
}
