import { PlatformError } from "../../../core/errors.ts"
import { bare, firstWord, type Lexis, trimmed } from "./lexis.ts"

/** Which statements only read. */
export interface Reading {
  /** First words of statements that read, in lower case. */
  readonly words: readonly string[]
  readonly lexis: Lexis
  /**
   * What ensures that a statement only reads: the server's read-only transaction, or a check of its text. A statement passes the check
   * if it is a single one; `parts` separates chained statements (`->>` of Snowflake), and each part must begin with a word of the list.
   */
  readonly by: "transaction" | { readonly parts?: string }
  /** A further reason to refuse a statement, as a sentence: procedures, files of the server. Gets the text without comments and constants, and the text as sent. */
  fault?(bare: string, statement: string): string | undefined
  /** Quotation marks of names, which stay in the text for `fault`. */
  readonly names?: string
}

/** Throws `query_invalid` if the statement's text shows that it does more than read. */
export function assertReads(statement: string, reading: Reading): void {
  const fault = writeFault(statement, reading)
  if (fault !== undefined) throw new PlatformError("query_invalid", fault)
}

/** The reason to refuse a statement, as a sentence; undefined if it only reads. */
export function writeFault(statement: string, reading: Reading): string | undefined {
  const { words, by, lexis } = reading
  const judged = (word: string): string | undefined =>
    words.includes(word.toLowerCase())
      ? undefined
      : `Only reading statements are taken (${words.join(", ").toUpperCase()}); this one begins with ${word.slice(0, 40) || "nothing"}.`
  const first = firstWord(statement, lexis)
  if (first === "") return "The statement is empty; send one SELECT."
  if (by === "transaction") return judged(first) ?? reading.fault?.(bare(statement, lexis, reading.names), statement)
  const text = trimmed(bare(statement, lexis))
  if (text.trim() === "") return "The statement is empty; send one SELECT."
  if (text.includes(";")) return "Only one statement is taken at a time; send them one by one."
  for (const part of by.parts === undefined ? [text] : text.split(by.parts)) {
    const fault = judged(firstWord(part, lexis))
    if (fault !== undefined) return fault
  }
  return reading.fault?.(bare(statement, lexis, reading.names), statement)
}
