import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch } from "../../core/streams.ts"
import type { Value } from "../../core/values.ts"
import type { MySql } from "./client.ts"
import { bind } from "./encode.ts"
import { begin, pages, rollback } from "./statements.ts"

const READS = ["select", "with", "values", "table", "show", "explain", "describe", "desc"]

/**
 * Runs one reading statement in a read-only transaction that is rolled back afterwards. The server was never told that it
 * may take several statements at once, so none can end the transaction and go on.
 */
export async function* query(client: MySql, statement: string, params: readonly Value[], call: Call): AsyncGenerator<Batch> {
  assertReads(statement)
  await begin(client, call, "READ ONLY", call.maxRows)
  try {
    yield* pages(client, statement, params.map(bind), call)
  } finally {
    await rollback(client)
  }
}

/** What the server's read-only transaction does not stop: procedures, which may end it, and files of the server's. */
function assertReads(statement: string): void {
  const word = firstWord(statement)
  if (!READS.includes(word.toLowerCase()))
    throw new PlatformError(
      "query_invalid",
      word === ""
        ? "The statement is empty; send one SELECT."
        : `Only reading statements are taken (${READS.join(", ").toUpperCase()}); this one begins with ${word.slice(0, 40)}.`,
    )
  if (/\binto\b/i.test(statement) && /\b(outfile|dumpfile)\b/i.test(statement))
    throw new PlatformError("query_invalid", "Queries are read-only here, and INTO OUTFILE writes a file; bind a text that has these words as a parameter.")
}

/** The statement's first keyword, behind white space, comments and opening parentheses; a comment that the server runs (`/*!`) is one. */
export function firstWord(statement: string): string {
  let rest = statement
  for (let before = ""; before !== rest; ) {
    before = rest
    rest = rest
      .replace(/^[\s(]+/, "")
      .replace(/^(#|--[\s])[^\n]*(\n|$)/, "")
      .replace(/^\/\*(?!M?!)[\s\S]*?\*\//, "")
  }
  return /^\w+/.exec(rest)?.[0] ?? (/^\/\*M?!/.exec(rest)?.[0] || rest.slice(0, 1))
}
