import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Remedy } from "../../../core/remedies.ts"
import type { Discovered, Stream, StreamKind } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { nextOf } from "./grants.ts"
import type { Page } from "./wire.ts"

/** How one type's catalog is read, by a constant number of queries, however large the system is. `C` is the type's client. */
export interface Catalog<C> {
  /** The names of a path's parts, for messages: `["schema", "name"]`. */
  readonly path: readonly string[]
  /** Whether discovery needs a transaction whose statements all see the same snapshot. */
  readonly snapshot?: boolean
  /** First the system's own count (`counted`), which includes relations that the login may not read; then every relation, streamed. */
  discover(client: C, call: Call): AsyncIterable<Discovered>
  /** The relation at that path as a read sees it: a stream, or the reason why it cannot be read. */
  find(client: C, path: readonly string[], call: Call): Promise<Relation | undefined>
  /** The stream at that path as a write sees it, with every column, including those that the login may not read. Absent: as a read sees it. */
  target?(client: C, path: readonly string[], call: Call): Promise<Stream | undefined>
  /** The full path, with the connector's own database in front. */
  whole?(client: C, path: readonly string[]): readonly string[]
}

export type Relation = Exclude<Discovered, { readonly counted: unknown }>

/** The system's own count: each row ends with a number; numbers of the same kind are added up. */
export function countedBy(rows: readonly (readonly Value[])[], kindOf: (row: readonly Value[]) => string): Discovered {
  const byKind: Record<string, number> = {}
  for (const row of rows) byKind[kindOf(row)] = (byKind[kindOf(row)] ?? 0) + wholeNumber(row.at(-1))
  return { counted: { total: Object.values(byKind).reduce((sum, many) => sum + many, 0), byKind } }
}

/** A count that the server sent, as a number or as text. */
export function wholeNumber(value: unknown): number {
  const number = value === null || value === "" ? Number.NaN : Number(value)
  if (!Number.isSafeInteger(number)) throw new PlatformError("protocol_invalid", "The server sent a count that is not a number; check host and port.")
  return number
}

/** Groups the catalog's rows by relation. `depth`: the number of leading columns that identify the relation. */
export async function* grouped(pages: AsyncIterable<Page>, depth: number, mostColumns: number, product: string): AsyncGenerator<(readonly Value[])[]> {
  let current: (readonly Value[])[] = []
  for await (const { rows } of pages)
    for (const row of rows) {
      const before = current[0]
      if (before !== undefined && row.slice(0, depth).some((name, at) => name !== before[at])) {
        yield current
        current = []
      }
      current.push(row)
      if (current.length > mostColumns)
        throw new PlatformError(
          "protocol_invalid",
          `The server lists more than ${mostColumns} columns of one table, so it is not ${product}; check host and port.`,
        )
    }
  if (current.length > 0) yield current
}

/** A catalog with one row per column, sorted by relation. `C` is the type's client. */
export interface ByRelation<C> extends Pick<Catalog<C>, "path" | "snapshot"> {
  /** The system's own counts, each row ending with a number, and the kind that a row counts. */
  counts(client: C, call: Call): Promise<readonly (readonly Value[])[]>
  kindOf(row: readonly Value[]): string
  /** The rows of every relation, or of the one at `path`, by a constant number of queries. */
  relations(client: C, path: readonly string[] | undefined, call: Call): AsyncIterable<readonly (readonly Value[])[]>
  /** The reason why the relation cannot be read; undefined if it can. */
  refused(rows: readonly (readonly Value[])[]): Relation | undefined
  relation(rows: readonly (readonly Value[])[]): Relation
}

/** Makes a catalog from rows that are sorted by relation. */
export const catalogByRelation = <C>({ path, snapshot = false, counts, kindOf, relations, refused, relation }: ByRelation<C>): Catalog<C> => ({
  path,
  snapshot,

  discover: async function* (client, call) {
    yield countedBy(await counts(client, call), kindOf)
    for await (const rows of relations(client, undefined, call)) yield refused(rows) ?? relation(rows)
  },

  find: async (client, wanted, call) => {
    for await (const rows of relations(client, wanted, call)) return refused(rows) ?? relation(rows)
    return undefined
  },

  target: async (client, wanted, call) => {
    for await (const rows of relations(client, wanted, call)) {
      const found = relation(rows)
      if ("stream" in found) return found.stream
    }
    return undefined
  },
})

/** The catalog's facts about one stream. */
export interface Described {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  /** Names of the key's columns, in order; undefined for a column that the login may not read. */
  readonly key: readonly (string | undefined)[]
  /** False where the system does not enforce keys. */
  readonly keyHolds?: boolean
  /** Below 0: unknown. */
  readonly estimatedRows?: number | undefined
  /** Parts of the comment; empty and missing ones are left out. */
  readonly notes: readonly (string | undefined)[]
}

/** Makes the stream. A key with a column that cannot be read is left out, because rows cannot be ordered by it. */
export function described({ path, kind, columns, key, keyHolds = true, estimatedRows = -1, notes }: Described): Relation {
  const names = key.filter((name) => name !== undefined && columns.some((column) => column.name === name)) as string[]
  const comment = notes.filter((note) => note !== undefined && note !== "").join(" ")
  return {
    stream: {
      path,
      kind,
      columns,
      key: names.length === key.length ? names : [],
      ...(keyHolds ? {} : { keyHolds }),
      ...(estimatedRows < 0 ? {} : { estimatedRows }),
      ...(comment === "" ? {} : { comment }),
    },
  }
}

/** A relation that may not be read, and the GRANTs of the rights that lack: `The role may not read it; run GRANT SELECT ON … TO ….` */
export function denied(path: readonly string[], login: string, what: string, remedies: readonly Remedy[]): Relation {
  return { skipped: { path, reason: `The ${login} may not ${what}; ${nextOf(remedies, `grant it to the ${login}`)}.`, remedies } }
}

/** Reads one stream's current definition from the system. Throws `stream_not_found`, or `permission_denied` with the GRANT. */
export async function findStream<C>(catalog: Catalog<C>, client: C, given: readonly string[], call: Call): Promise<Stream> {
  const path = catalog.whole?.(client, given) ?? given
  const found = path.length === catalog.path.length ? await catalog.find(client, path, call) : undefined
  if (found === undefined) throw noStream(catalog, given, "table or view")
  if ("stream" in found) return found.stream
  throw new PlatformError("permission_denied", `${path.join(".")} cannot be read. ${found.skipped.reason}`, { remedies: found.skipped.remedies ?? [] })
}

/** The stream that a write targets, with all of its columns. */
export async function findTarget<C>(catalog: Catalog<C>, client: C, given: readonly string[], call: Call): Promise<Stream> {
  if (catalog.target === undefined) return await findStream(catalog, client, given, call)
  const path = catalog.whole?.(client, given) ?? given
  const found = path.length === catalog.path.length ? await catalog.target(client, path, call) : undefined
  if (found === undefined) throw noStream(catalog, given, "table to write to")
  return found
}

/** The same, or undefined if there is none. */
export async function targetIfAny<C>(catalog: Catalog<C>, client: C, path: readonly string[], call: Call): Promise<Stream | undefined> {
  try {
    return await findTarget(catalog, client, path, call)
  } catch (error) {
    if (error instanceof PlatformError && error.code === "stream_not_found") return undefined
    throw error
  }
}

/** The error for a path that does not exist. */
export const noStream = ({ path }: Pick<Catalog<never>, "path">, given: readonly string[], what: string, cause?: unknown): PlatformError =>
  new PlatformError(
    "stream_not_found",
    `There is no ${what} ${given.join(".")} that this login may see; a path is [${path.join(", ")}], and the catalog lists them.`,
    cause === undefined ? {} : { cause },
  )
