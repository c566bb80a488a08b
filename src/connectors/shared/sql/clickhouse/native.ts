/** A type as ClickHouse spells it, taken apart: `Tuple(a Int32, b Array(String))`. */
export interface Native {
  /** Without its arguments: `Tuple`. */
  readonly name: string
  /** Types that it holds. */
  readonly holds: readonly Native[]
  /** Names of a tuple's elements, if they have names. */
  readonly names: readonly string[]
  /** Arguments that are no types: `38`, `'Europe/Berlin'`. */
  readonly args: readonly string[]
}

/** Types whose arguments are types. */
const HOLDERS: ReadonlySet<string> = new Set(["Nullable", "LowCardinality", "Array", "Map", "Tuple", "Nested", "Variant", "SimpleAggregateFunction"])
/** Deeper types are not looked into. */
const DEPTH_MAX = 50
const PLAIN = { holds: [], names: [], args: [] }

/** Takes a type apart. Never fails: what is not understood has its whole text as its name. */
export function nativeOf(text: string, depth = 0): Native {
  const open = text.indexOf("(")
  if (open < 0 || !text.endsWith(")") || depth > DEPTH_MAX) return { ...PLAIN, name: text }
  const name = text.slice(0, open)
  const parts = splitArguments(text.slice(open + 1, -1))
  if (!HOLDERS.has(name)) return { ...PLAIN, name, args: parts }
  // The first argument is a function.
  const held = name === "SimpleAggregateFunction" ? parts.slice(1) : parts
  const named = name === "Tuple" || name === "Nested" ? held.map(nameIn) : held.map((part) => ({ type: part, name: undefined }))
  const names = named.flatMap((each) => (each.name === undefined ? [] : [each.name]))
  return { name, holds: named.map(({ type }) => nativeOf(type, depth + 1)), names: names.length === named.length ? names : [], args: [] }
}

/** `a Int32` → the name and the type. */
function nameIn(part: string): { readonly name: string | undefined; readonly type: string } {
  if (part.startsWith("`")) {
    const end = endOfQuote(part, 0)
    return { name: unescaped(part.slice(1, end)), type: part.slice(end + 1).trim() }
  }
  const [, name, type] = /^(\w+) (.+)$/s.exec(part) ?? []
  return name === undefined || type === undefined ? { name: undefined, type: part } : { name, type }
}

/** Splits a list at the commas outside of parentheses and quotes. */
export function splitArguments(text: string): string[] {
  const parts: string[] = []
  let [from, depth] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    const mark = text[at]
    if (mark === "'" || mark === "`" || mark === '"') at = endOfQuote(text, at)
    else if (mark === "(") depth++
    else if (mark === ")") depth--
    else if (mark === "," && depth === 0) {
      parts.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  const last = text.slice(from).trim()
  return last === "" ? parts : [...parts, last]
}

/** Where the quote ends that begins at `from`. A backslash escapes. */
function endOfQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++
    else if (text[at] === text[from]) return at
  }
  return text.length
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", "0": "\0", a: "\x07", v: "\v" }

/** A text without its backslashes (docs, TabSeparated, Data formatting). */
export const unescaped = (text: string): string => (text.includes("\\") ? text.replace(/\\([\s\S])/g, (_, mark: string) => ESCAPES[mark] ?? mark) : text)

const MARKS: Readonly<Record<string, string>> = { "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\\": "\\\\", "'": "\\'" }

/** The same text with its backslashes. */
export const escaped = (text: string): string => text.replace(/[\b\f\n\r\t\0\\']/g, (mark) => MARKS[mark] ?? mark)

/** The type inside `Nullable`, `LowCardinality` and `SimpleAggregateFunction`, and whether NULL may come. */
export function within(native: Native): { readonly native: Native; readonly nullable: boolean } {
  const [held] = native.holds
  if (held === undefined || !["Nullable", "LowCardinality", "SimpleAggregateFunction"].includes(native.name))
    return { native, nullable: native.name === "Nothing" }
  const inner = within(held)
  return { native: inner.native, nullable: native.name === "Nullable" || inner.nullable }
}
