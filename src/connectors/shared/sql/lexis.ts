/** How a SQL system writes comments and quotes, as far as it differs from others. */
export interface Lexis {
  /** Patterns, anchored by `y`, that begin a comment of one line: `--`, in MySQL only before white space. */
  readonly lineComments: readonly RegExp[]
  /** Block comments hold block comments. */
  readonly nests?: boolean
  /** A comment that the server runs: `/*!` of MySQL. It is code. */
  readonly runs?: RegExp
  /** Marks that quote a constant or a name (`'`, `"`, a backtick), each ended by itself and doubled inside; `[` ends with `]`. */
  readonly quotes: string
  /** Of those, the ones in which a backslash escapes. */
  readonly escapes?: string
  /** Not in one behind `r`, which is raw: `r'\'` ends there. */
  readonly raw?: boolean
  /** Marks that quote a constant when they stand three times, which then ends with three: `'''it's'''`. A mark is not doubled inside. */
  readonly triple?: string
  /** Constants between two equal marks: `$$`, `$tag$`. */
  readonly dollars?: RegExp
}

export interface Token {
  readonly kind: "code" | "comment" | "quoted"
  readonly text: string
}

/** A statement in pieces: code, comments, and what stands in quotes. One that never ends goes to the end. Takes time in proportion to the statement. */
export function* tokens(statement: string, lexis: Lexis): Generator<Token> {
  let code = 0
  for (let at = next(statement, 0); at < statement.length; at = next(statement, at)) {
    const token = tokenAt(statement, at, lexis)
    if (token === undefined) {
      at++
      continue
    }
    if (at > code) yield { kind: "code", text: statement.slice(code, at) }
    yield token
    at += token.text.length
    code = at
  }
  if (code < statement.length) yield { kind: "code", text: statement.slice(code) }
}

/** Where the next character stands that may begin a comment or a quote. */
function next(statement: string, from: number): number {
  MARKS.lastIndex = from
  return MARKS.exec(statement)?.index ?? statement.length
}

const MARKS = /['"`[$/#-]/g

function tokenAt(statement: string, at: number, lexis: Lexis): Token | undefined {
  const mark = statement[at] ?? ""
  if (lexis.triple?.includes(mark) === true && statement.startsWith(mark.repeat(3), at))
    return { kind: "quoted", text: statement.slice(at, endOfTriple(statement, at, mark.repeat(3), escapesAt(statement, at, lexis))) }
  if (lexis.quotes.includes(mark)) return { kind: "quoted", text: statement.slice(at, endOfQuote(statement, at, escapesAt(statement, at, lexis))) }
  if (mark === "$" && lexis.dollars !== undefined) {
    const tag = matchAt(lexis.dollars, statement, at)
    if (tag !== undefined) return { kind: "quoted", text: statement.slice(at, endAfter(statement, tag, at + tag.length)) }
  }
  if (statement.startsWith("/*", at) && (lexis.runs === undefined || matchAt(lexis.runs, statement, at) === undefined))
    return { kind: "comment", text: statement.slice(at, endOfBlock(statement, at, lexis.nests === true)) }
  if ("-#/".includes(mark) && lexis.lineComments.some((pattern) => matchAt(pattern, statement, at) !== undefined))
    return { kind: "comment", text: statement.slice(at, endAfter(statement, "\n", at)) }
  return undefined
}

const escapesAt = (statement: string, at: number, { escapes = "", raw = false }: Lexis): boolean =>
  escapes.includes(statement[at] ?? " ") && !(raw && /(^|\W)r$/i.test(statement.slice(Math.max(0, at - 2), at)))

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function endAfter(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found < 0 ? text.length : found + mark.length
}

function endOfQuote(text: string, from: number, escapes: boolean): number {
  const mark = text[from] === "[" ? "]" : text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (escapes && text[at] === "\\") at++
    else if (text[at] === mark && text[at + 1] === mark) at++
    else if (text[at] === mark) return at + 1
  }
  return text.length
}

function endOfTriple(text: string, from: number, marks: string, escapes: boolean): number {
  for (let at = from + 3; at < text.length; at++) {
    if (escapes && text[at] === "\\") at++
    else if (text.startsWith(marks, at)) return at + 3
  }
  return text.length
}

function endOfBlock(text: string, from: number, nests: boolean): number {
  if (!nests) return endAfter(text, "*/", from + 2)
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === "/" && text[at + 1] === "*") depth++
    else if (text[at] === "*" && text[at + 1] === "/") depth--
    else continue
    if (depth === 0) return at + 2
    at++
  }
  return text.length
}

/** A statement's first keyword, behind white space, comments and opening parentheses; a single character where there is none, and nothing in an empty one. */
export function firstWord(statement: string, lexis: Lexis): string {
  for (const { kind, text } of tokens(statement, lexis)) {
    if (kind === "comment") continue
    const at = matchAt(/[\s(]*/y, text, 0)?.length ?? 0
    if (at < text.length) return /^(\/\*M?!|\w+|[\s\S])/.exec(text.slice(at, at + 64))?.[0] ?? ""
  }
  return ""
}

/** A statement without what it only says: comments become a space, constants an empty one. Quoted names stay where they may name a function. */
export const bare = (statement: string, lexis: Lexis, keeps = ""): string =>
  [...tokens(statement, lexis)]
    .map(({ kind, text }) => (kind === "code" || (kind === "quoted" && keeps.includes(text[0] ?? " ")) ? text : kind === "comment" ? " " : "''"))
    .join("")

/** A statement without the semicolon, white space and comments that end it, for APIs that take no semicolon. */
export function withoutEnd(statement: string, lexis: Lexis): string {
  const all = [...tokens(statement, lexis)]
  for (let last = all.at(-1); last !== undefined && last.kind !== "quoted"; last = all.at(-1)) {
    const text = last.kind === "comment" ? "" : trimmed(last.text)
    all.pop()
    if (text === "") continue
    all.push({ kind: "code", text })
    break
  }
  return all.map(({ text }) => text).join("")
}

/** Code without the semicolons and white space that end it; not by a regular expression, which would take quadratic time on a million semicolons. */
export function trimmed(code: string): string {
  let end = code.length
  while (end > 0 && /[\s;]/.test(code[end - 1] ?? "")) end--
  return code.slice(0, end)
}
