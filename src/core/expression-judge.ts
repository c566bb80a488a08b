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

/** `refused` is what is wrong, in words that follow a field's title; `cost` is how many times the answer is gone through at most. */
export type Judged = { readonly refused: string } | { readonly cost: number }

/**
 * Whether an expression that parses may be evaluated: that has no clock of its own, so only
 * what takes time and space in proportion to the answer is let in. `[@,@]|[@,@]` and so on doubles each time; `$` inside a
 * projection goes through the whole answer for each of its parts.
 */
export function judge(root: Node): Judged {
  let nodes = 0
  // A literal is gone through again for each element that it is held against, or that becomes one.
  let literals = 0
  const refused: string[] = []

  const each = (parts: unknown): number => (Array.isArray(parts) ? (parts as Node[]).reduce((sum, part) => sum + growth(part), 0) : 0)
  const product = (node: Node): number => growth(node["left"] as Node) * growth(node["right"] as Node)

  /** Members of different names are different parts of the input: together they are no more than it is. */
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
  if (refused.length > 0) return { refused: `${refused[0]}.` }
  if (nodes > NODES_MAX) return { refused: `has more than ${NODES_MAX} parts; make it simpler.` }
  return grows > GROWTH_MAX ? { refused: "copies its input too many times over; make it simpler." } : { cost: (nodes + literals) * grows }
}

/** The member that an expression begins with, if it does. */
function headOf(node: Node): unknown {
  if (node.type === "Field") return node["name"]
  const left = node["left"]
  return ["Subexpression", "IndexExpression", "Projection", "Pipe", "FilterProjection"].includes(node.type) && left !== undefined
    ? headOf(left as Node)
    : undefined
}
