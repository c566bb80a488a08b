/** A node of an expression's syntax tree, as the parser makes it; what it holds depends on `type`. */
export interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

/** Functions whose work and result are about as large as what they are given. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...["abs", "avg", "ceil", "contains", "ends_with", "find_first", "find_last", "floor", "from_items", "group_by", "items", "join", "keys", "length", "lower"],
  ...["map", "max", "max_by", "merge", "min", "min_by", "not_null", "reverse", "sort", "sort_by", "split", "starts_with", "sum", "to_array", "to_number"],
  ...["to_string", "trim", "trim_left", "trim_right", "type", "upper", "values", "zip"],
])
const NODES_MAX = 300
/** How many times larger than the answer a result may be at most. */
const GROWTH_MAX = 100

/**
 * What is wrong with an expression although it parses, in words that follow a field's title: evaluation has no clock of its own, so only
 * what takes time and space in proportion to the answer is let in. `[@,@]|[@,@]` and so on doubles each time; `$` inside a
 * projection goes through the whole answer for each of its parts.
 */
export function judge(root: Node): string | undefined {
  let nodes = 0
  const refused: string[] = []

  const each = (parts: unknown): number => (Array.isArray(parts) ? (parts as Node[]).reduce((sum, part) => sum + growth(part), 0) : 0)
  const product = (node: Node): number => growth(node["left"] as Node) * growth(node["right"] as Node)

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
        return Math.max(1, each(node["children"]))
      case "MultiSelectHash":
        for (const pair of node["children"] as Node[]) named(pair["name"])
        return Math.max(1, each((node["children"] as Node[]).map((pair) => pair["value"])))
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
      case "Index":
      case "Slice":
      case "Literal":
      case "Current":
      case "Identity":
        return 1
      default:
        refused.push(node.type === "Root" ? "may not use $, the whole answer from within" : "may not use let and its variables")
        return 1
    }
  }

  /** The library looks names up without asking whose they are. */
  function named(name: unknown): void {
    if (String(name) in Object.prototype) refused.push(`may not name ${String(name)}`)
  }

  function call(node: Node): number {
    const name = String(node["name"])
    const children = node["children"] as Node[]
    if (!FUNCTIONS.has(name)) refused.push(`uses the function ${name.slice(0, 60)}, which there is not; the functions are ${[...FUNCTIONS].join(", ")}`)
    if (name === "join" && children[0]?.type !== "Literal") refused.push("must give join its glue as a text of its own, such as ', '")
    const own = children.filter(({ type }) => type !== "ExpressionReference")
    const applied = each(children.filter(({ type }) => type === "ExpressionReference"))
    // Texts inside texts are escaped, and escaped again.
    return Math.max(1, each(own)) * (name === "map" ? Math.max(1, applied) : 1) * (name === "to_string" ? 2 : 1)
  }

  const grows = growth(root)
  if (refused.length > 0) return `${refused[0]}.`
  if (nodes > NODES_MAX) return `has more than ${NODES_MAX} parts; make it simpler.`
  return grows > GROWTH_MAX ? "copies its input too many times over; make it simpler." : undefined
}
