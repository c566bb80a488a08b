import type { Wire } from "../../wire.ts"
import { connectorPath, queryString } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { timeoutOf, WORK_MAX_SECONDS } from "../duration-input.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import { copy, type FormOptions, formOf, HIDDEN, hiddenNote, printRows, REJECTED_SHOWN, rejection } from "../row-output.ts"

export interface RowsOptions extends FormOptions {
  readonly columns?: string
  readonly limit?: number
  readonly cursor?: string
  readonly skipRejected?: boolean
  readonly timeout?: string
}

type RowsPage = Wire["RowsPage"]

/** Reads a stream without SQL: a page as a table or JSON, or all of it as NDJSON or CSV. */
export async function rows(cli: Cli, name: string, stream: string, options: RowsOptions): Promise<Exit> {
  const form = formOf(cli, options)
  if (options.skipRejected === true && form !== "csv")
    throw usage("--skip-rejected is only for --csv.", "The other formats show the records that are not rows.")
  const { timeoutMs } = timeoutOf(options.timeout, WORK_MAX_SECONDS)
  const client = await cli.hub()
  const read = (path: string): Promise<Exit> => {
    const { limit, cursor, columns, skipRejected } = options
    const parameters = { stream: path, limit, cursor, timeoutMs, columns: columns === undefined ? undefined : namesOf(columns, ",", "--columns", "id,total") }
    const url = (more: Readonly<Record<string, string | undefined>> = {}): string => connectorPath(name, `/rows${queryString({ ...parameters, ...more })}`)
    if (form === "csv") return copy(cli, client.stream(url({ skipRejected: skipRejected === true ? "true" : undefined }), "text/csv"))
    if (form === "ndjson") return printLines(cli, client.lines(url({ cursors: "true" })))
    return client.get<RowsPage>(url()).then((page) => printRows(cli, page, moreOf(page)))
  }
  const first = namesOf(stream, ".", "The stream", "public.orders")
  // orders.csv may be the name of a file, and public.my.table the table my.table, because a shell removes the quotes.
  const others = stream.startsWith("[") || !stream.includes(".") ? [] : otherPaths(stream).map((path) => JSON.stringify(path))
  try {
    return await read(first)
  } catch (error) {
    for (const other of others.filter((path) => path !== first)) {
      if (!isNotFound(error)) throw error
      const found = await read(other).catch((another: unknown) => (isNotFound(another) ? undefined : Promise.reject(another)))
      if (found !== undefined) return found
    }
    throw error
  }
}

const isNotFound = (error: unknown): boolean => error instanceof Failure && error.problem.code === "stream_not_found"

/** The other paths that a text with dots may mean: one name, or two names of which one has dots. */
function otherPaths(text: string): string[][] {
  const parts = text.split(".")
  const two =
    parts.length < 3
      ? []
      : [
          [parts[0] ?? "", parts.slice(1).join(".")],
          [parts.slice(0, -1).join("."), parts.at(-1) ?? ""],
        ]
  return [[text], ...two].filter((path) => path.every((name) => name !== ""))
}

const moreOf = ({ nextCursor }: RowsPage): string =>
  nextCursor === null ? "see --limit, or --csv and --ndjson for all rows" : `see --cursor ${nextCursor}, or --csv and --ndjson for all rows`

/** `public.orders` or `["public","or.ders"]` as the JSON array that the API expects. */
function namesOf(text: string, separator: string, what: string, example: string): string {
  const names = text.startsWith("[") ? arrayIn(text) : text.includes('"') ? quotedIn(text, separator) : text.split(separator)
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string" && name !== "")) return JSON.stringify(names)
  const array = JSON.stringify(example.split(separator))
  throw usage(`${what} must be names with "${separator}" between them, or a JSON array of names.`, `Write ${example}, or '${array}'.`)
}

/** Parses names as the catalog prints them: `public."or.ders"`, where a part in quotes is a JSON text. */
function quotedIn(text: string, separator: string): unknown {
  const parts = text.match(new RegExp(`(?:^|\\${separator})(?:"(?:[^"\\\\]|\\\\.)*"|[^"\\${separator}]+)`, "g")) ?? []
  if (parts.join("") !== text) return text.split(separator)
  return parts.map((each, index) => (index === 0 ? each : each.slice(separator.length))).map((each) => (each.startsWith('"') ? arrayIn(each) : each))
}

function arrayIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The maximum number of rows that are held back until their cursor arrives; after that, rows are printed without a cursor. */
const HELD_MAX = 200_000
const HELD_FIRST = 5_000

/**
 * Prints rows as they arrive, up to the last cursor, so that after a failure the output ends exactly where the cursor in the
 * error continues.
 */
async function printLines({ terminal }: Cli, lines: AsyncIterable<string>): Promise<Exit> {
  let held: string[] = []
  let cursor: string | undefined
  let rejected = 0
  const print = async (): Promise<void> => {
    const some = held
    held = []
    for (const line of some) await terminal.line(line)
  }
  try {
    for await (const line of lines) {
      if (line.startsWith('{"$cursor":')) {
        await print()
        cursor = (JSON.parse(line) as { $cursor: string }).$cursor
      } else if (line.startsWith(HIDDEN)) {
        terminal.note(hiddenNote((JSON.parse(line) as { $hidden: number }).$hidden))
      } else if (line.startsWith('{"$rejected":')) {
        if (rejected++ < REJECTED_SHOWN) terminal.note(rejection((JSON.parse(line) as { $rejected: Parameters<typeof rejection>[0] }).$rejected))
      } else {
        held.push(line)
        if (held.length >= (cursor === undefined ? HELD_FIRST : HELD_MAX)) await print()
      }
    }
    await print()
  } catch (error) {
    if (!(error instanceof Failure) || cursor === undefined) throw error
    throw new Failure(error.exit, { ...error.problem, next: `The rows up to here are complete; continue with --cursor ${cursor}.`, cursor }, error.cause)
  }
  if (rejected > REJECTED_SHOWN) terminal.note(`… and ${rejected - REJECTED_SHOWN} more.`)
  return EXIT.ok
}
