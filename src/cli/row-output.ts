import type { Rows } from "./answers.ts"
import type { Cli } from "./cli.ts"
import { EXIT, type Exit, usage } from "./failure.ts"
import { table } from "./table.ts"
import { printable } from "./terminal.ts"

/** The forms in which rows can be printed. */
export interface FormOptions {
  readonly csv?: boolean
  readonly ndjson?: boolean
}

/** The form that the options select, by default a table; more than one is an error. */
export function formOf({ terminal }: Cli, { csv, ndjson }: FormOptions): "csv" | "ndjson" | "json" | "table" {
  const forms = [csv === true ? "csv" : [], ndjson === true ? "ndjson" : [], terminal.json ? "json" : []].flat() as ("csv" | "ndjson" | "json")[]
  if (forms.length > 1) throw usage("--csv, --ndjson and --json cannot be combined.", "Use only one of them.")
  return forms[0] ?? "table"
}

/** Prints an answer as a table, or as JSON with `--json`. `more` says how to see the remaining rows. */
export async function printRows({ terminal }: Cli, answer: Rows, more: string): Promise<Exit> {
  if (terminal.json) {
    await terminal.document(answer)
    return EXIT.ok
  }
  const names = answer.columns.map((column) => column.name)
  const numeric = answer.columns.flatMap(({ type }, index) => (type === "integer" || type === "decimal" || type === "float" ? [index] : []))
  const rows = answer.rows.map((row) => names.map((name) => cell(row[name])))
  if (names.length > 0) await terminal.write(table(names, rows, { width: terminal.width, header: terminal.bold, rightAligned: numeric }))
  const cut = answer.truncated ? `; there are more, ${more}` : ""
  terminal.note(terminal.dim(`${answer.rowCount} row${answer.rowCount === 1 ? "" : "s"}${cut} (${Math.round(answer.durationMs)} ms)`))
  if (answer.hidden !== undefined) terminal.note(hiddenNote(answer.hidden))
  const { count, records } = answer.rejected ?? { count: 0, records: [] }
  for (const record of records.slice(0, REJECTED_SHOWN)) terminal.note(rejection(record))
  if (count > REJECTED_SHOWN) terminal.note(`… and ${count - REJECTED_SHOWN} more; --json has the first hundred.`)
  return EXIT.ok
}

/** The sentence for a record that is not a row. */
export const rejection = ({ line, lastLine, reason }: { readonly line: number; readonly lastLine: number; readonly reason: string }): string =>
  `${line === lastLine ? `Line ${line} was` : `Lines ${line} to ${lastLine} were`} rejected: ${printable(reason)}`

/** Prints pieces as they arrive. */
export async function copy({ terminal }: Cli, pieces: AsyncIterable<Uint8Array>): Promise<Exit> {
  for await (const piece of pieces) await terminal.write(piece)
  return EXIT.ok
}

/** Prints lines as they arrive. */
export async function copyLines({ terminal }: Cli, lines: AsyncIterable<string>): Promise<Exit> {
  for await (const line of lines) {
    if (line.startsWith(HIDDEN)) terminal.note(hiddenNote((JSON.parse(line) as { $hidden: number }).$hidden))
    else await terminal.line(line)
  }
  return EXIT.ok
}

/** The beginning of the line that ends a stream in which secrets were hidden. */
export const HIDDEN = '{"$hidden":'

export const hiddenNote = (count: number): string =>
  `The answer contained a secret of this connector ${count === 1 ? "once" : `${count} times`}; it is shown as [secret].`

/** The number of rejected records that the terminal shows. */
export const REJECTED_SHOWN = 5

function cell(value: unknown): string {
  if (value === null || value === undefined) return "∅"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
