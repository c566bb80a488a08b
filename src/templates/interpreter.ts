import * as jinja from "@huggingface/jinja"
import type { Parts, Piece } from "./fill.ts"

/** A node of the syntax tree; the types of the package do not resolve under Node's rules. */
interface Node {
  readonly type: string
  readonly [part: string]: unknown
}
interface Program extends Node {
  readonly body: readonly Node[]
}
/** A value in the engine's representation: lists as arrays, objects as maps of such values. */
interface Runtime {
  readonly type: string
  readonly value: unknown
}
interface Scope {
  set(name: string, value: unknown): unknown
}
interface Engine {
  run(program: Program): Runtime
  evaluate(node: Node | undefined, scope: Scope): Runtime
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
  for (const [name, value] of Object.entries({ ...GLOBALS, ...values })) environment.set(name, value)
  const pieces: Piece[] = []
  // The text of a template contains no null character, and every result of an expression becomes a piece.
  const marked = new MarkingInterpreter(environment, outputs, (piece) => `\u0000${pieces.push(piece) - 1}\u0000`)
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

  constructor(scope: Scope, outputs: ReadonlySet<unknown>, mark: (piece: Piece) => string) {
    super(scope)
    this.#outputs = outputs
    this.#mark = mark
  }

  override evaluate(node: Node | undefined, scope: Scope): Runtime {
    const result = super.evaluate(node, scope)
    if (node === undefined || !this.#outputs.has(node)) return result
    const text = this.#mark(endsInJson(node) ? jsonPiece(String(result.value)) : { value: plain(result) })
    return Object.assign({ type: "StringValue", value: text }, { toString: () => text })
  }
}

function endsInJson(node: Node): boolean {
  if (node.type !== "FilterExpression") return false
  const filter = node["filter"] as Node
  const name = (filter.type === "CallExpression" ? filter["callee"] : filter) as Node
  return name["value"] === "tojson" || (name["value"] === "safe" && endsInJson(node["operand"] as Node))
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
  if (Array.isArray(inner)) return (inner as Runtime[]).map(plain)
  if (inner instanceof Map) return Object.fromEntries([...(inner as Map<string, Runtime>)].map(([key, each]) => [key, plain(each)]))
  return typeof inner === "function" || inner === undefined ? null : inner
}
