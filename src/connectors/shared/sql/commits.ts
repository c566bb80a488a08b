import { createHash } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Commit, Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { targetIfAny } from "./catalog.ts"
import { createTable } from "./ddl.ts"
import { Params, qualified } from "./dialect.ts"
import { rowReason } from "./errors.ts"
import { ChangedMeanwhile } from "./replay.ts"
import type { SqlType } from "./type.ts"
import { type SqlConnection, transacted } from "./wire.ts"

/** The table beside a target in which commits are kept, each in the transaction of its rows. */
export const COMMITS = "jackfield_commits"

const column = (name: string, type: Column["type"], more: Partial<Column> = {}): Column => ({ name, type, nativeType: "", nullable: false, ...more })

/** `token` is a hash of stream, run and part: a key of a length that every system indexes. The texts are for people. */
const COLUMNS: readonly Column[] = [
  column("token", "string", { maxLength: 64 }),
  column("sequence", "integer", { precision: 64 }),
  column("stream", "string"),
  column("run", "string"),
  column("part", "string"),
  column("report", "string"),
  column("written_at", "timestamp", { zoned: true }),
]
const KEY = ["token", "sequence"]

/** Commits that are older are removed: no run goes on after so long. */
const KEPT_MS = 30 * 86_400_000
/** How often old ones are looked for, by sequence. */
const SWEEP_EVERY = 1_000

/** What a write reports: that of rows or that of bytes. */
interface Report {
  readonly already?: true
}

/** The table of one target, and the tokens of one run's part in it. */
interface Book {
  readonly path: readonly string[]
  readonly table: string
  readonly token: string
}

function bookOf<B, C extends SqlConnection<B>>(
  { catalog, dialect }: SqlType<B, C>,
  client: C,
  { path }: Stream,
  { run, part }: Omit<Commit, "sequence">,
): Book {
  const whole = catalog.whole?.(client, path) ?? path
  const beside = [...whole.slice(0, -1), COMMITS]
  const token = createHash("sha256")
    .update(JSON.stringify([whole, run, part]))
    .digest("hex")
  return { path: beside, table: qualified(dialect, beside), token }
}

/**
 * Writes once: the token is committed in the transaction of the rows, and a repeat answers with the first report. The table is made
 * when the first commit comes.
 */
export async function commitOnce<B, C extends SqlConnection<B>, R extends Report>(
  type: SqlType<B, C>,
  client: C,
  to: Stream,
  commit: Commit,
  call: Call,
  write: () => Promise<R>,
): Promise<R> {
  const book = bookOf(type, client, to, commit)
  if (!(await stands(type, client, book, call))) await open(type, client, book, call)
  const before = (): Promise<R | undefined> => reportOf<B, C, R>(type, client, book, commit.sequence, call)
  try {
    return await transacted(client.wire, "write", call, async () => {
      if (type.ddl?.lock !== undefined) await client.wire.run(type.ddl.lock(book.table), [], call)
      const first = await before()
      if (first !== undefined) return first
      const report = await write()
      await note(type, client, book, to, commit, report, call)
      return report
    })
  } catch (error) {
    // Two that write the same batch at once meet at the token: the second one finds what the first one did.
    const met = error instanceof ChangedMeanwhile || rowReason(type.errors, error) !== undefined
    const first = !met ? undefined : await transacted(client.wire, "read", call, before)
    if (first !== undefined) return first
    throw error
  }
}

/** The last sequence of a run's part that is committed there. */
export async function committed<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  client: C,
  to: Stream,
  of: Omit<Commit, "sequence">,
  call: Call,
): Promise<number | undefined> {
  const book = bookOf(type, client, to, of)
  if (!(await stands(type, client, book, call))) return undefined
  const [found] = await select(type, client, book, `MAX(${type.dialect.ident("sequence")})`, undefined, call)
  return found?.[0] === null || found?.[0] === undefined ? undefined : Number(found[0])
}

/** Whether the table is there; asked once per session. */
async function stands<B, C extends SqlConnection<B>>({ catalog }: SqlType<B, C>, client: C, { path, table }: Book, call: Call): Promise<boolean> {
  if (known.get(client)?.has(table) === true) return true
  const found = await transacted(client.wire, "read", call, () => targetIfAny(catalog, client, path, call))
  if (found !== undefined) remember(client, table)
  return found !== undefined
}

const known = new WeakMap<object, Set<string>>()

function remember(client: object, table: string): void {
  const tables = known.get(client) ?? new Set()
  known.set(client, tables.add(table))
}

async function open<B, C extends SqlConnection<B>>(type: SqlType<B, C>, client: C, book: Book, call: Call): Promise<void> {
  const { ddl, dialect } = type
  if (ddl === undefined) throw new PlatformError("unsupported", `${dialect.product} keeps no commits.`)
  try {
    await transacted(client.wire, "write", call, () => client.wire.run(createTable(dialect, ddl, book.path, COLUMNS, KEY), [], call))
  } catch (error) {
    // Another session may have created the table in the meantime.
    if (!(await stands(type, client, book, call))) throw error
  }
  remember(client, book.table)
}

async function reportOf<B, C extends SqlConnection<B>, R extends Report>(
  type: SqlType<B, C>,
  client: C,
  book: Book,
  sequence: number,
  call: Call,
): Promise<R | undefined> {
  const [found] = await select(type, client, book, type.dialect.ident("report"), sequence, call)
  return found === undefined ? undefined : { ...(JSON.parse(String(found[0])) as R), already: true }
}

async function select<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  { wire }: C,
  { table, token }: Book,
  what: string,
  sequence: number | undefined,
  call: Call,
): Promise<readonly (readonly Value[])[]> {
  const params = new Params<B>(dialect)
  const equals = (name: string, value: Value): string => {
    const column = columnOf(name)
    return `${dialect.ident(name)} = ${params.compare(dialect.encode(value, column), column)}`
  }
  const which = [equals("token", token), ...(sequence === undefined ? [] : [equals("sequence", sequence)])].join(" AND ")
  return (await wire.run(`SELECT ${what} FROM ${table} WHERE ${which}`, params.all, call)).rows
}

async function note<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  { wire }: C,
  { table, token }: Book,
  to: Stream,
  { run, part, sequence }: Commit,
  report: Report,
  call: Call,
): Promise<void> {
  const now = new Date()
  const params = new Params<B>(dialect)
  const values: readonly Value[] = [token, sequence, to.path.join("."), run, part, JSON.stringify(report), now.toISOString()]
  const names = COLUMNS.map(({ name }) => dialect.ident(name)).join(", ")
  const bound = COLUMNS.map((column, index) => params.store(dialect.encode(values[index] ?? null, column), column)).join(", ")
  await wire.run(`INSERT INTO ${table} (${names}) VALUES (${bound})`, params.all, call)
  if (sequence % SWEEP_EVERY !== 0) return
  const old = new Params<B>(dialect)
  const written = columnOf("written_at")
  const before = old.compare(dialect.encode(new Date(now.getTime() - KEPT_MS).toISOString(), written), written)
  await wire.run(`DELETE FROM ${table} WHERE ${dialect.ident("written_at")} < ${before}`, old.all, call)
}

const columnOf = (name: string): Column => COLUMNS.find((each) => each.name === name) as Column
