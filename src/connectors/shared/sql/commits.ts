import { createHash } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Commit, Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import type { Atomic } from "./atomic.ts"
import { targetIfAny } from "./catalog.ts"
import { createTable, spellIn } from "./ddl.ts"
import { listed, Params, qualified, quotedText } from "./dialect.ts"
import { rowReason } from "./errors.ts"
import { ChangedMeanwhile } from "./replay.ts"
import type { SqlType } from "./type.ts"
import { type SqlConnection, transacted } from "./wire.ts"

/** The table next to a target that stores commits, each written in the transaction of its rows. */
export const COMMITS = "jackfield_commits"

const column = (name: string, type: Column["type"], more: Partial<Column> = {}): Column => ({ name, type, nativeType: "", nullable: false, ...more })

/** `token` is a hash of stream, run and part: its length fits an index in every system. The other texts are for people. */
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

/** Older commits are deleted, because no run resumes after so long. */
const KEPT_MS = 30 * 86_400_000
/** Old commits are deleted once per so many batches. */
const SWEEP_EVERY = 1_000

/** The report of a write of rows or of bytes. */
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
 * Writes once: the token is committed in the transaction of the rows, and a repeated write returns the first report. The table is created
 * with the first commit.
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
    // If the same batch is written twice at once, the token collides, and the second write returns the first one's report.
    const met = error instanceof ChangedMeanwhile || rowReason(type.errors, error) !== undefined
    const first = !met ? undefined : await transacted(client.wire, "read", call, before)
    if (first !== undefined) return first
    throw error
  }
}

/**
 * The same where requests share no session: the row of the commit and the batch's statements go as one statement, which does nothing
 * when the row is there already. `write` prepares them, and takes them over with the report of what they do.
 */
export async function commitAtOnce<B, C extends SqlConnection<B>, R extends Report>(
  type: SqlType<B, C>,
  atomic: Atomic,
  client: C,
  to: Stream,
  commit: Commit,
  call: Call,
  write: (take: (report: R, statements: readonly string[]) => Promise<R>) => Promise<R>,
): Promise<R> {
  const book = bookOf(type, client, to, commit)
  if (!(await stands(type, client, book, call))) await open(type, client, book, call)
  const before = (): Promise<R | undefined> => reportOf<B, C, R>(type, client, book, commit.sequence, call)
  const take = async (report: R, statements: readonly string[]): Promise<R> => {
    const now = new Date()
    const { rows } = await client.wire.run(atomic.block(guard(type, book, valuesOf(book, to, commit, report, now)), statements), [], call)
    if (String(rows[0]?.[0]) === "true") await sweep(type, client, book, commit, now, call)
    const first = String(rows[0]?.[0]) === "true" ? report : await before()
    if (first !== undefined) return first
    throw new ChangedMeanwhile()
  }
  return (await before()) ?? (await write(take))
}

/** Adds the row of a commit unless it is there. MERGE holds the table until the transaction ends, so that a second one waits for the first. */
function guard<B, C extends SqlConnection<B>>(type: SqlType<B, C>, { table }: Book, values: readonly Value[]): string {
  const { dialect } = type
  const constants = COLUMNS.map(({ name }, at) => {
    const constant = quotedText(String(values[at]))
    return dialect.stored?.(0, columnOf(type, name)).replace("?", () => constant) ?? constant
  })
  const given = constants.slice(0, KEY.length).map((constant, at) => `${constant} AS K${at}`)
  const same = KEY.map((name, at) => `T.${dialect.ident(name)} = S.K${at}`).join(" AND ")
  return `MERGE INTO ${table} T USING (SELECT ${given.join(", ")}) S ON ${same} WHEN NOT MATCHED THEN INSERT (${listed(dialect, COLUMNS)}) VALUES (${constants.join(", ")})`
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

/** Whether the table exists; checked once per session. */
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
  type: SqlType<B, C>,
  { wire }: C,
  { table, token }: Book,
  what: string,
  sequence: number | undefined,
  call: Call,
): Promise<readonly (readonly Value[])[]> {
  const { dialect } = type
  const params = new Params<B>(dialect)
  const equals = (name: string, value: Value): string => {
    const column = columnOf(type, name)
    return `${dialect.ident(name)} = ${params.compare(dialect.encode(value, column), column)}`
  }
  const which = [equals("token", token), ...(sequence === undefined ? [] : [equals("sequence", sequence)])].join(" AND ")
  return (await wire.run(`SELECT ${what} FROM ${table} WHERE ${which}`, params.all, call)).rows
}

const valuesOf = ({ token }: Book, to: Stream, { run, part, sequence }: Commit, report: Report, now: Date): readonly Value[] => [
  token,
  sequence,
  to.path.join("."),
  run,
  part,
  JSON.stringify(report),
  now.toISOString(),
]

async function note<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  client: C,
  book: Book,
  to: Stream,
  commit: Commit,
  report: Report,
  call: Call,
): Promise<void> {
  const { dialect } = type
  const now = new Date()
  const params = new Params<B>(dialect)
  const values = valuesOf(book, to, commit, report, now)
  const bound = COLUMNS.map((column, index) => params.store(dialect.encode(values[index] ?? null, column), column)).join(", ")
  await client.wire.run(`INSERT INTO ${book.table} (${listed(dialect, COLUMNS)}) VALUES (${bound})`, params.all, call)
  await sweep(type, client, book, commit, now, call)
}

/** Deletes old commits, once in `SWEEP_EVERY` batches. */
async function sweep<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  { wire }: C,
  { table }: Book,
  { sequence }: Commit,
  now: Date,
  call: Call,
): Promise<void> {
  if (sequence % SWEEP_EVERY !== 0) return
  const { dialect } = type
  const old = new Params<B>(dialect)
  const written = columnOf(type, "written_at")
  const before = old.compare(dialect.encode(new Date(now.getTime() - KEPT_MS).toISOString(), written), written)
  await wire.run(`DELETE FROM ${table} WHERE ${dialect.ident("written_at")} < ${before}`, old.all, call)
}

/** A column of the table, with its native type for systems that cast texts to it. */
function columnOf<B, C extends SqlConnection<B>>({ ddl, atomic }: SqlType<B, C>, name: string): Column {
  const found = COLUMNS.find((each) => each.name === name) as Column
  return ddl === undefined || atomic === undefined ? found : { ...found, nativeType: spellIn(ddl, found, KEY.includes(name)) }
}
