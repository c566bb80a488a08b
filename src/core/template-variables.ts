/**
 * The inputs of a template in the order of their first appearance; the template handles missing values of the
 * `optional` ones itself.
 */
export interface ParsedTemplate {
  readonly inputs: readonly string[]
  readonly optional: readonly string[]
}

/** A node of the template's syntax tree, as the parser makes it; its members depend on `type`. */
export interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

/** Names that every template provides. */
const GLOBALS = ["true", "false", "none", "True", "False", "None", "range", "namespace", "raise_exception", "strftime_now"]

/** The filters of the engine. An unknown filter is reported when the template is saved, not when it is first used. */
export const FILTERS: ReadonlySet<string> = new Set([
  ...["abs", "bool", "capitalize", "default", "dictsort", "first", "float", "get", "indent", "int", "items", "join", "keys", "last", "length", "list"],
  ...["lower", "map", "rejectattr", "replace", "reverse", "safe", "selectattr", "sort", "string", "title", "tojson", "trim", "unique", "upper", "values"],
])

interface Walk {
  readonly found: Set<string>
  readonly optional: Set<string>
  readonly fault: NoFilter
}

/** Makes the error for an unknown filter. */
type NoFilter = (name: string) => Error

type Scope = ReadonlySet<string> & { add(name: string): unknown }

/**
 * The names that a template reads but does not define itself (as loop variables, by `set`, or as macros and their
 * parameters).
 */
export function variablesIn(program: Node, fault: NoFilter): ParsedTemplate {
  const walk: Walk = { found: new Set(), optional: new Set(), fault }
  visit(program, new Set(GLOBALS), walk)
  return { inputs: [...walk.found], optional: [...walk.optional].filter((name) => walk.found.has(name)) }
}

function visit(part: unknown, scope: Scope, walk: Walk): void {
  if (Array.isArray(part)) for (const each of part) visit(each, scope, walk)
  else if (part instanceof Map)
    for (const [key, value] of part) {
      visit(key, scope, walk)
      visit(value, scope, walk)
    }
  else if (isNode(part)) visitNode(part, scope, walk)
}

function visitNode(node: Node, scope: Scope, walk: Walk): void {
  switch (node.type) {
    case "Identifier":
      if (!scope.has(String(node["value"]))) walk.found.add(String(node["value"]))
      return
    case "For":
      visitFor(node, scope, walk)
      return
    case "Set":
      visit(node["value"], scope, walk)
      visit(node["body"], new Set(scope), walk)
      declare(node["assignee"], scope, walk)
      return
    case "Macro":
      declare(node["name"], scope, walk)
      visitCallable(node["args"], node["body"], scope, walk)
      return
    case "CallStatement":
      visit(node["call"], scope, walk)
      visitCallable(node["callerArgs"], node["body"], scope, walk)
      return
    case "MemberExpression":
      visit(node["object"], scope, walk)
      if (node["computed"] === true) visit(node["property"], scope, walk)
      return
    case "KeywordArgumentExpression":
      visit(node["value"], scope, walk)
      return
    case "FilterExpression":
    case "FilterStatement":
      visitFilter(node, scope, walk)
      return
    case "TestExpression":
      if (["defined", "undefined", "none"].includes(nameOf(node["test"]) ?? "")) spare(node["operand"], walk)
      visit(node["operand"], scope, walk)
      return
    case "If":
    case "SelectExpression":
      spare(node["test"], walk)
      break
    case "Ternary":
      spare(node["condition"], walk)
      break
  }
  // Every other node reads its members; `operator` is a token, not a name.
  for (const [name, each] of Object.entries(node)) if (name !== "operator") visit(each, scope, walk)
}

function visitFor(node: Node, scope: Scope, walk: Walk): void {
  const inner = new Set(scope)
  const iterable = node["iterable"]
  const filtered = isNode(iterable) && iterable.type === "SelectExpression"
  visit(filtered ? iterable["lhs"] : iterable, scope, walk)
  declare(node["loopvar"], inner, walk)
  inner.add("loop")
  if (filtered) visit(iterable["test"], inner, walk)
  visit(node["body"], inner, walk)
  visit(node["defaultBlock"], new Set(scope), walk)
}

function visitCallable(parameters: unknown, body: unknown, scope: Scope, walk: Walk): void {
  const inner = new Set([...scope, "caller", "varargs", "kwargs"])
  for (const parameter of Array.isArray(parameters) ? (parameters as Node[]) : []) {
    if (parameter.type === "KeywordArgumentExpression") {
      visit(parameter["value"], scope, walk)
      declare(parameter["key"], inner, walk)
    } else declare(parameter, inner, walk)
  }
  visit(body, inner, walk)
}

function visitFilter(node: Node, scope: Scope, walk: Walk): void {
  const filter = node["filter"] as Node
  const name = nameOf(filter.type === "CallExpression" ? filter["callee"] : filter) ?? ""
  if (!FILTERS.has(name)) throw walk.fault(name)
  if (name === "default") spare(node["operand"], walk)
  visit(node["operand"], scope, walk)
  visit(node["body"], scope, walk)
  if (filter.type === "CallExpression") visit(filter["args"], scope, walk)
}

/** `x.y = …` on a namespace declares nothing and reads x. */
function declare(target: unknown, scope: Scope, walk: Walk): void {
  if (!isNode(target)) return
  if (target.type === "Identifier") scope.add(String(target["value"]))
  else if (target.type === "TupleLiteral") for (const each of target["value"] as Node[]) declare(each, scope, walk)
  else visit(target, scope, walk)
}

function spare(node: unknown, walk: Walk): void {
  const name = nameOf(node)
  if (name !== undefined) walk.optional.add(name)
}

const nameOf = (node: unknown): string | undefined => (isNode(node) && node.type === "Identifier" ? String(node["value"]) : undefined)

const isNode = (part: unknown): part is Node => typeof part === "object" && part !== null && typeof (part as Node).type === "string"
