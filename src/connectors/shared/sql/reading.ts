import { PlatformError } from "../../../core/errors.ts"
import { bare, firstWord, type Lexis } from "./lexis.ts"

/** Which statements only read. */
export interface Reading {
  /** In lower case; the first ones are those that a message names. */
  readonly words: readonly string[]
  readonly lexis: Lexis
  /**
   * Who sees to it that a statement only reads: the server's read-only transaction, or its text alone. By its text a statement is taken
   * when it is a single one; `parts` then cuts it where another may begin (`->>` of Snowflake), and each part must begin with a word of the list.
   */
  readonly by: "transaction" | { readonly parts?: string }
  /** What else keeps a statement from running, as a sentence: procedures, files of the server's. The text comes without comments and constants, and as it was sent. */
  fault?(bare: string, statement: string): string | undefined
  /** Quotes of names, which `fault` shall see. */
  readonly names?: string
}

/** Throws `query_invalid` for a statement that does more than read, as far as its text tells. */
export function assertReads(statement: string, reading: Reading): void {
  const fault = writeFault(statement, reading)
  if (fault !== undefined) throw new PlatformError("query_invalid", fault)
}

/** What keeps a statement from running, as a sentence; undefined when it only reads. */
export function writeFault(statement: string, reading: Reading): string | undefined {
  const { words, by, lexis } = reading
  const judged = (word: string): string | undefined =>
    words.includes(word.toLowerCase())
      ? undefined
      : `Only reading statements are taken (${words.join(", ").toUpperCase()}); this one begins with ${word.slice(0, 40) || "nothing"}.`
  const first = firstWord(statement, lexis)
  if (first === "") return "The statement is empty; send one SELECT."
  if (by === "transaction") return judged(first) ?? reading.fault?.(bare(statement, lexis, reading.names), statement)
  const text = withoutEnd(bare(statement, lexis))
  if (text.trim() === "") return "The statement is empty; send one SELECT."
  if (text.includes(";")) return "Only one statement is taken at a time; send them one by one."
  for (const part of by.parts === undefined ? [text] : text.split(by.parts)) {
    const fault = judged(firstWord(part, lexis))
    if (fault !== undefined) return fault
  }
  return reading.fault?.(bare(statement, lexis, reading.names), statement)
}

/** Without the semicolons and white space at its end; no regular expression looks for that end from each of a million of them. */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && /[\s;]/.test(text[end - 1] ?? "")) end--
  return text.slice(0, end)
}
