import type { Client } from "pg"
import type { PgBound } from "./encode.ts"

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** One line of COPY's text format (PostgreSQL docs, COPY, File Formats). */
export const copyLine = (values: readonly PgBound[]): string =>
  `${values.map((value) => (value === null ? "\\N" : value.replace(/[\\\n\r\t]/g, (char) => ESCAPES[char] ?? char))).join("\t")}\n`

/** Runs a `COPY … FROM STDIN` with that data; how many rows arrived. */
export async function copyIn(pg: Client, statement: string, data: string): Promise<number> {
  const { from } = await import("pg-copy-streams")
  const stream = pg.query(from(statement))
  await new Promise<void>((resolve, reject) => {
    stream.on("error", reject).on("finish", resolve).end(data)
  })
  return stream.rowCount
}
