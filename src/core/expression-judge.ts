/** A node of an expression's syntax tree, as the parser makes it; its members depend on `type`. */
export interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

/** Functions whose work and result are proportional to the size of their arguments. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...["abs", "avg", "ceil", "contains", "ends_with", "find_first", "find_last", "floor", "from_items", "group_by", "items", "join", "keys", "length", "lower"],
  ...["map", "max", "max_by", "merge", "min", "min_by", "not_null", "reverse", "sort", "sort_by", "split", "starts_with", "sum", "to_array", "to_number"],
  ...["to_string", "trim", "trim_left", "trim_right", "type", "upper", "values", "zip"],
])
const NODES_MAX = 300
/** The maximum size of a result, as a multiple of the size of the response. */
const GROWTH_MAX = 100

/** Functions that look at each part of their argument at most once and copy none of it. */
const QUICK_FUNCTIONS: ReadonlySet<string> = new Set(["keys", "length", "not_null", "type", "values"])

/**
 * `refused` is the reason, worded to follow a field's title; `quickCost` is an upper bound of the number of passes over
 * the response, undefined for an expression for which there is none: sorting, grouping and comparing by a key, and
 * joining and escaping texts, take longer than their input shows.
 */
export type Judged = { readonly refused: string } | { readonly quickCost: number | undefined }

/**
 * Decides whether a parsed expression may be evaluated at all: its result must not grow beyond a multiple of the
 * response. For example, `[@,@]|[@,@]` doubles its input at each step, and `$` inside a projection reads the whole
 * response once per element.
 */
export function judge(root: Node): Judged {
  let nodes = 0
  // A literal is read again for each element that it is compared with or that is replaced by it.
  let literals = 0
  let quick = true
  const refused: string[] = []

  const each = (parts: unknown): number => (Array.isArray(parts) ? (parts as Node[]).reduce((sum, part) => sum + growth(part), 0) : 0)
  const product = (node: Node): number => growth(node["left"] as Node) * growth(node["right"] as Node)

  /** Members with different names are different parts of the input, so together they are no larger than the input. */
  function chosen(children: readonly Node[]): number {
    const shares = new Map<unknown, number>()
    for (const child of children) {
      const head = headOf(child)
      shares.set(head, (shares.get(head) ?? 0) + growth(child))
    }
    const whole = shares.get(undefined) ?? 0
    shares.delete(undefined)
    return Math.max(1, whole + Math.max(0, ...shares.values()))
  }

  function growth(node: Node): number {
    if (++nodes > NODES_MAX) return 1
    switch (node.type) {
      case "Pipe":
      case "Subexpression":
      case "IndexExpression":
      case "Projection":
      case "ValueProjection":
        return product(node)
      case "FilterProjection":
        growth(node["condition"] as Node)
        return product(node)
      case "MultiSelectList":
        return chosen(node["children"] as Node[])
      case "MultiSelectHash":
        for (const pair of node["children"] as Node[]) named(pair["name"])
        return chosen((node["children"] as Node[]).map((pair) => pair["value"] as Node))
      case "OrExpression":
      case "AndExpression":
      case "Comparator":
      case "Arithmetic":
        return growth(node["left"] as Node) + growth(node["right"] as Node)
      case "Ternary":
        return each([node["condition"], node["trueExpr"], node["falseExpr"]])
      case "Flatten":
      case "NotExpression":
      case "ExpressionReference":
        return growth(node["child"] as Node)
      case "Unary":
        return growth(node["operand"] as Node)
      case "Function":
        return call(node)
      case "Field":
        named(node["name"])
        return 1
      case "Literal":
        literals += JSON.stringify(node["value"] ?? null).length
        return 1
      case "Index":
      case "Slice":
      case "Current":
      case "Identity":
        return 1
      default:
        refused.push(node.type === "Root" ? "must not use $, which refers to the whole response" : "must not use let and variables")
        return 1
    }
  }

  /** Rejects names of `Object.prototype`: the library also finds inherited members. */
  function named(name: unknown): void {
    if (String(name) in Object.prototype) refused.push(`must not use the name ${String(name)}`)
  }

  function call(node: Node): number {
    const name = String(node["name"])
    const children = node["children"] as Node[]
    quick &&= QUICK_FUNCTIONS.has(name)
    if (!FUNCTIONS.has(name)) refused.push(`uses the function ${name.slice(0, 60)}, which does not exist; the functions are ${[...FUNCTIONS].join(", ")}`)
    if (name === "join" && children[0]?.type !== "Literal") refused.push("must give join its separator as a literal, such as ', '")
    const own = children.filter(({ type }) => type !== "ExpressionReference")
    const applied = each(children.filter(({ type }) => type === "ExpressionReference"))
    // Nested texts are escaped repeatedly.
    return Math.max(1, each(own)) * (name === "map" ? Math.max(1, applied) : 1) * (name === "to_string" ? 2 : 1)
  }

  const grows = growth(root)
  if (refused.length > 0) return { refused: `${refused[0]}.` }
  if (nodes > NODES_MAX) return { refused: `has more than ${NODES_MAX} parts; make it simpler.` }
  if (grows > GROWTH_MAX) return { refused: "copies its input too many times over; make it simpler." }
  return { quickCost: quick ? (nodes + literals) * grows : undefined }
}

/** The name of the member that an expression begins with; undefined if it begins with anything else. */
function headOf(node: Node): unknown {
  if (node.type === "Field") return node["name"]
  const left = node["left"]
  return ["Subexpression", "IndexExpression", "Projection", "Pipe", "FilterProjection"].includes(node.type) && left !== undefined
    ? headOf(left as Node)
    : undefined
}
