import type { Wire } from "../../wire.ts"
import { type Catalog, connectorPath, queryString, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { timeoutOf, WORK_MAX_SECONDS } from "../duration-input.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import { table } from "../table.ts"
import { printable } from "../terminal.ts"

export interface CatalogOptions {
  readonly search?: string
  readonly refresh?: boolean
  readonly columns?: boolean
  readonly version?: number
  readonly timeout?: string
}

/**
 * Prints the catalog: the newest version, or the given one. Discovers it first if there is none, or with `--refresh`.
 * Says whether it is complete, and if not, what is missing from it.
 */
export async function catalog({ terminal, hub }: Cli, name: string, options: CatalogOptions): Promise<Exit> {
  if (options.refresh === true && options.version !== undefined)
    throw usage("--refresh creates a new version, but --version shows an existing one.", "Use only one of them.")
  const discovery = timeoutOf(options.timeout, WORK_MAX_SECONDS)
  const client = await hub()
  const found = await read(client, name, options, discovery, (text) => terminal.note(terminal.dim(text)))
  if (terminal.json) {
    const skipped =
      found.counts.skipped > found.skipped.length
        ? await readAll(client, connectorPath(name, "/catalog/skipped"), { version: String(found.version) })
        : { data: found.skipped }
    await terminal.document({ ...found, skipped: skipped.data })
    return EXIT.ok
  }
  if (found.streams.length === 0) terminal.note(options.search === undefined ? "The catalog has no streams." : "Nothing matches.")
  else if (options.columns === true)
    await terminal.write(table(["PATH", "COLUMN", "TYPE", "NULL", "KEY"], found.streams.flatMap(columnRows), { width: terminal.width, header: terminal.bold }))
  else
    await terminal.write(
      table(["PATH", "KIND", "COLUMNS", "KEY", "ROWS (EST.)"], found.streams.map(streamRow), {
        width: terminal.width,
        header: terminal.bold,
        rightAligned: [2, 4],
      }),
    )
  for (const line of [...completeness(found), ...guesses(found)]) await terminal.line(line)
  return EXIT.ok
}

async function read(client: HubClient, name: string, options: CatalogOptions, discovery: Discovery, note: (text: string) => void): Promise<Catalog> {
  if (options.refresh === true) await discover(client, name, discovery, note)
  try {
    return await readAllStreams(client, name, options)
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code !== "catalog_missing") throw error
    await discover(client, name, discovery, note)
    return readAllStreams(client, name, options)
  }
}

type Discovery = Wire["DiscoverInput"]

async function discover(client: HubClient, name: string, discovery: Discovery, note: (text: string) => void): Promise<void> {
  note("Discovering…")
  await client.post(connectorPath(name, "/discover"), discovery)
}

/** Reads all pages; starts again once if a discovery has created another version in the meantime. */
async function readAllStreams(client: HubClient, name: string, query: CatalogOptions, again = true): Promise<Catalog> {
  const streams: Wire["Stream"][] = []
  let first: Catalog | undefined
  let cursor: string | undefined
  for (;;) {
    const page = await client.get<Catalog>(connectorPath(name, `/catalog${queryString({ search: query.search, version: query.version, limit: 100, cursor })}`))
    first ??= page
    if (page.version !== first.version && again) return readAllStreams(client, name, query, false)
    streams.push(...page.streams)
    if (page.nextCursor === null || page.nextCursor === cursor) return { ...first, streams, nextCursor: null }
    cursor = page.nextCursor
  }
}

/** Prints a path as `public.orders`; a part that could be read as several parts is quoted. `rows` accepts the result. */
export const pathText = (path: readonly string[]): string => path.map((part) => (/^$|^\[|[."\\]/.test(part) ? JSON.stringify(part) : part)).join(".")

const streamRow = (stream: Wire["Stream"]): string[] => [
  pathText(stream.path),
  stream.kind,
  String(stream.columns.length),
  stream.key.join(", "),
  stream.estimatedRows === undefined ? "" : String(stream.estimatedRows),
]

const columnRows = (stream: Wire["Stream"]): string[][] =>
  stream.columns.map((column) => [
    pathText(stream.path),
    column.name,
    column.nativeType === "" ? column.type : column.nativeType,
    column.nullable ? "null" : "",
    stream.key.includes(column.name) ? String(stream.key.indexOf(column.name) + 1) : "",
  ])

/** The guesses about the format of files, one per line. */
const guesses = ({ streams }: Catalog): string[] =>
  streams.flatMap(({ path, guesses: found = [] }) => found.map(({ message }) => `! ${printable(pathText(path))}: ${printable(message)}`))

const SKIPPED_SHOWN = 20

function completeness({ complete, counts, skipped, discoveredAt }: Catalog): string[] {
  const kinds = Object.entries(counts.byKind).map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`)
  const what = `${counts.streams} of ${counts.total}${kinds.length === 0 ? "" : ` (${kinds.join(", ")})`}, discovered ${when(discoveredAt)}`
  if (complete) return [`Complete: ${what}.`]
  const shown = skipped.slice(0, SKIPPED_SHOWN).flatMap(({ path, reason, remedies }) => {
    // Each statement is on a line of its own, so that it can be copied.
    const sql = (remedies ?? []).flatMap((each) => (each.sql === undefined ? [] : [`    ${printable(each.sql)};`]))
    return [`  ${printable(pathText(path))}: ${printable(sql.length > 0 ? reason.replace(/; run GRANT .*$/s, ":") : reason)}`, ...sql]
  })
  const more = counts.skipped > SKIPPED_SHOWN ? [`  … and ${counts.skipped - SKIPPED_SHOWN} more; --json has all.`] : []
  return [`Partial: ${what}; skipped ${counts.skipped}:`, ...shown, ...more]
}
