import { connectorPath, queryString, type Rows } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { timeoutOf, WORK_MAX_SECONDS } from "../duration-input.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import { readValue } from "../secret-input.ts"
import { table } from "../table.ts"
import { printable } from "../terminal.ts"

export interface QueryOptions {
  readonly param?: readonly string[]
  readonly maxRows?: number
  readonly rows?: string
  readonly csv?: boolean
  readonly ndjson?: boolean
  readonly timeout?: string
}

/**
 * Runs a read-only statement (`-` reads it from stdin), or previews a table; prints a table, or streams CSV or
 * NDJSON.
 */
export async function query(cli: Cli, name: string, statement: string | undefined, options: QueryOptions): Promise<Exit> {
  const { terminal } = cli
  if ([options.csv, options.ndjson, terminal.json].filter((given) => given === true).length > 1)
    throw usage("--csv, --ndjson and --json exclude each other.", "Use only one of them.")
  if ((statement === undefined) === (options.rows === undefined))
    throw usage("Give either a statement or --rows with a table.", 'Write jackfield connectors query shop "select 1", or --rows public.orders.')
  const time = timeoutOf(options.timeout, WORK_MAX_SECONDS)
  const client = await cli.hub()
  if (options.rows !== undefined) {
    for (const given of ["param", "timeout"] as const) if (options[given] !== undefined) throw usage(`--${given} belongs to a statement, not to --rows.`)
    return preview(cli, client, name, options.rows, options)
  }
  const body = {
    statement: statement === "-" ? await readValue(cli.shell, "-", "statement") : (statement ?? ""),
    ...(options.param === undefined ? {} : { params: options.param }),
    ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
    ...time,
  }
  const path = connectorPath(name, "/query")
  if (options.csv === true) return copy(cli, client.stream(path, "text/csv", body))
  if (options.ndjson === true) return copyLines(cli, client.lines(path, body))
  return print(cli, await client.post<Rows>(path, body))
}

async function preview(cli: Cli, client: HubClient, name: string, rows: string, options: QueryOptions): Promise<Exit> {
  if (options.csv === true || options.ndjson === true)
    throw usage("--rows previews a few rows and cannot be streamed.", "Use a statement with --csv or --ndjson, or --rows with --json.")
  const read = (stream: string): Promise<Rows> => client.get<Rows>(connectorPath(name, `/rows${queryString({ stream, limit: options.maxRows })}`))
  try {
    return await print(cli, await read(streamPath(rows)))
  } catch (error) {
    // orders.csv may be the name of a file, not a table csv in a schema orders.
    if (!(error instanceof Failure) || error.problem.code !== "stream_not_found" || !rows.includes(".") || rows.startsWith("[")) throw error
    return print(cli, await read(JSON.stringify([rows])))
  }
}

/** `public.orders` or `["public","or.ders"]` as the JSON array that the API expects. */
function streamPath(text: string): string {
  if (!text.startsWith("[")) return JSON.stringify(text.split("."))
  try {
    const path: unknown = JSON.parse(text)
    if (Array.isArray(path) && path.length > 0 && path.every((part) => typeof part === "string")) return JSON.stringify(path)
  } catch {
    // Handled below, like an array of anything else.
  }
  throw usage("--rows must be schema.table or a JSON array of names.", `Write --rows '["public","orders"]'.`)
}

async function print({ terminal }: Cli, answer: Rows): Promise<Exit> {
  if (terminal.json) {
    await terminal.document(answer)
    return EXIT.ok
  }
  const names = answer.columns.map((column) => column.name)
  const numeric = answer.columns.flatMap(({ type }, index) => (type === "integer" || type === "decimal" || type === "float" ? [index] : []))
  const rows = answer.rows.map((row) => names.map((name) => cell(row[name])))
  if (names.length > 0) await terminal.write(table(names, rows, { width: terminal.width, header: terminal.bold, rightAligned: numeric }))
  const cut = answer.truncated ? "; there are more, see --max-rows, --csv and --ndjson" : ""
  terminal.note(terminal.dim(`${answer.rowCount} row${answer.rowCount === 1 ? "" : "s"}${cut} (${Math.round(answer.durationMs)} ms)`))
  const { count, records } = answer.rejected ?? { count: 0, records: [] }
  for (const { line, lastLine, reason } of records.slice(0, REJECTED_SHOWN))
    terminal.note(`${line === lastLine ? `Line ${line} was` : `Lines ${line} to ${lastLine} were`} rejected: ${printable(reason)}`)
  if (count > REJECTED_SHOWN) terminal.note(`… and ${count - REJECTED_SHOWN} more; --json has the first hundred.`)
  return EXIT.ok
}

const REJECTED_SHOWN = 5

function cell(value: unknown): string {
  if (value === null || value === undefined) return "∅"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

async function copy({ terminal }: Cli, pieces: AsyncIterable<Uint8Array>): Promise<Exit> {
  for await (const piece of pieces) await terminal.write(piece)
  return EXIT.ok
}

async function copyLines({ terminal }: Cli, lines: AsyncIterable<string>): Promise<Exit> {
  for await (const line of lines) await terminal.line(line)
  return EXIT.ok
}
