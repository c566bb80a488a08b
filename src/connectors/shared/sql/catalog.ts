import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Remedy } from "../../../core/remedies.ts"
import type { Discovered, Stream, StreamKind } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { nextOf } from "./grants.ts"
import type { Page } from "./wire.ts"

/** How one type's catalog is read, by a constant number of queries whatever there is. `C` is the type's client. */
export interface Catalog<C> {
  /** The names that a path has, for sentences: `["schema", "name"]`. */
  readonly path: readonly string[]
  /** Whether discovery needs a transaction whose statements see one moment. */
  readonly snapshot?: boolean
  /** The system's own count first (`counted`), which counts also what may not be read; then every relation, streamed. */
  discover(client: C, call: Call): AsyncIterable<Discovered>
  /** The relation of that path as a read sees it: a stream, or why it is none. */
  find(client: C, path: readonly string[], call: Call): Promise<Relation | undefined>
  /** The stream of that path as a write sees it, with every column, whatever may be read of it. Absent: as a read sees it. */
  target?(client: C, path: readonly string[], call: Call): Promise<Stream | undefined>
  /** A path as the catalog has it whole: with the connector's own database in front. */
  whole?(client: C, path: readonly string[]): readonly string[]
}

export type Relation = Exclude<Discovered, { readonly counted: unknown }>

/** The system's own count: rows that end with a number, by kind; rows of one kind add up. */
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

/** The catalog's rows, those of one relation together. `depth`: how many of the first columns name the relation. */
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
          `The server lists more than ${mostColumns} columns of one table, so it is no ${product}; check host and port.`,
        )
    }
  if (current.length > 0) yield current
}

/** A catalog whose rows come by relation: one row per column. `C` is the type's client. */
export interface ByRelation<C> extends Pick<Catalog<C>, "path" | "snapshot"> {
  /** The system's own counts, each row ending with a number, and the kind that a row counts. */
  counts(client: C, call: Call): Promise<readonly (readonly Value[])[]>
  kindOf(row: readonly Value[]): string
  /** Every relation's rows, or those of one path; by a constant number of queries. */
  relations(client: C, path: readonly string[] | undefined, call: Call): AsyncIterable<readonly (readonly Value[])[]>
  /** Why a relation is not a stream that may be read; undefined for one that is. */
  refused(rows: readonly (readonly Value[])[]): Relation | undefined
  relation(rows: readonly (readonly Value[])[]): Relation
}

/** The catalog of a system whose rows come by relation. */
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

/** What a catalog says of one stream. */
export interface Described {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  /** Names of the key's columns, in order; undefined for one that may not be read. */
  readonly key: readonly (string | undefined)[]
  /** False where the system does not enforce keys. */
  readonly keyHolds?: boolean
  /** Below 0: unknown. */
  readonly estimatedRows?: number | undefined
  /** Parts of the comment; empty and missing ones are left out. */
  readonly notes: readonly (string | undefined)[]
}

/** The stream. A key of which a column cannot be read orders nothing, and is left out. */
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

/** One stream as it is now, never as a caller remembers it; `stream_not_found`, or `permission_denied` with the GRANT. */
export async function findStream<C>(catalog: Catalog<C>, client: C, given: readonly string[], call: Call): Promise<Stream> {
  const path = catalog.whole?.(client, given) ?? given
  const found = path.length === catalog.path.length ? await catalog.find(client, path, call) : undefined
  if (found === undefined) throw noStream(catalog, given, "table or view")
  if ("stream" in found) return found.stream
  throw new PlatformError("permission_denied", `${path.join(".")} cannot be read. ${found.skipped.reason}`, { remedies: found.skipped.remedies ?? [] })
}

/** The stream that a write goes to, with all of its columns. */
export async function findTarget<C>(catalog: Catalog<C>, client: C, given: readonly string[], call: Call): Promise<Stream> {
  if (catalog.target === undefined) return await findStream(catalog, client, given, call)
  const path = catalog.whole?.(client, given) ?? given
  const found = path.length === catalog.path.length ? await catalog.target(client, path, call) : undefined
  if (found === undefined) throw noStream(catalog, given, "table to write to")
  return found
}

/** The same; undefined when there is none. */
export async function targetIfAny<C>(catalog: Catalog<C>, client: C, path: readonly string[], call: Call): Promise<Stream | undefined> {
  try {
    return await findTarget(catalog, client, path, call)
  } catch (error) {
    if (error instanceof PlatformError && error.code === "stream_not_found") return undefined
    throw error
  }
}

/** The error for a path that leads nowhere. */
export const noStream = ({ path }: Pick<Catalog<never>, "path">, given: readonly string[], what: string, cause?: unknown): PlatformError =>
  new PlatformError(
    "stream_not_found",
    `There is no ${what} ${given.join(".")} that this login may see; a path is [${path.join(", ")}], and the catalog lists them.`,
    cause === undefined ? {} : { cause },
  )
