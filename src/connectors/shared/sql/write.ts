import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Batch, Stream, WriteMode, WriteOptions, WriteReport } from "../../../core/streams.ts"
import { columnsFor, encodeRows, keyFor, refuseGenerated } from "../put.ts"
import { whileWaiting } from "./atomic.ts"
import { findTarget } from "./catalog.ts"
import { commitAtOnce, commitOnce } from "./commits.ts"
import { explainWrite } from "./denied.ts"
import { qualified } from "./dialect.ts"
import { nameOf } from "./named.ts"
import type { SqlType } from "./type.ts"
import { type SqlConnection, transacted } from "./wire.ts"
import type { Puts, Writer } from "./writer.ts"

/**
 * Writes one batch, in one transaction where the system has them. A row that the system refuses is reported and the others are
 * written. In an upsert the last of several rows with one key wins, and those before it count as skipped. A batch whose commit is
 * there already is not written again.
 */
export async function writeBatch<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  writer: Writer<B, C>,
  client: C,
  to: Stream,
  batch: Batch,
  { mode, commit }: WriteOptions,
  call: Call,
): Promise<WriteReport> {
  const { catalog, dialect, errors, atomic, named } = type
  const prepared = async () => {
    const stream = await findTarget(catalog, client, to.path, call)
    const name = stream.path.join(".")
    const own = columnsFor(name, batch, stream.columns)
    const columns = own.map((column, at) => writer.column?.(column, batch.columns[at] ?? column) ?? column)
    const key = mode === "append" ? [] : keyFor(name, to, stream.key, columns, to.key.length === 0 ? undefined : await writer.keys?.(client, stream, call))
    const others = columns.filter((column) => !key.includes(column.name))
    if (mode === "upsert") refuseGenerated(name, others, "identity", "is an identity column, which the system assigns and an upsert cannot change")
    const { lines, rejected } = encodeRows(batch, columns, dialect.encode)
    const target = { client, dialect, errors, call, stream, name, table: qualified(dialect, stream.path), columns, key }
    if (commit !== undefined && (await writer.transactional?.(target)) === false) throw noCommit(name)
    const report = (done: Written): WriteReport => {
      const all = [...rejected, ...done.rejected].sort((a, b) => a.index - b.index)
      const already = done.already === true ? { already: true as const } : {}
      return { written: done.written, rejected: all, skipped: batch.rows.length - all.length - done.written, ...already }
    }
    return { target, lines, report }
  }
  const write = async (): Promise<WriteReport> => {
    const { target, lines, report } = await prepared()
    if (lines.length === 0 && (named === undefined || commit === undefined)) return report({ written: 0, rejected: [] })
    const once = named === undefined || commit === undefined ? {} : { once: nameOf(target.stream.path, commit) }
    return report(await putsOf(writer, mode)({ ...target, ...once }, lines))
  }
  try {
    if (commit === undefined || named !== undefined) return await transacted(client.wire, "write", call, write)
    if (atomic === undefined) return await commitOnce(type, client, to, commit, call, write)
    return await commitAtOnce<B, C, WriteReport>(type, atomic, client, to, commit, call, async (take) => {
      const { target, lines, report } = await prepared()
      return await whileWaiting(atomic, writer, target, lines, (waiting) => take(report(waiting), waiting.statements))
    })
  } catch (error) {
    throw await explainWrite(type, client, error, { to, columns: batch.columns, mode, deletes: batch.ops?.includes("delete") === true }, call)
  }
}

type Written = Awaited<ReturnType<Puts<never, never>>>

function putsOf<B, C extends SqlConnection<B>>(writer: Writer<B, C>, mode: WriteMode): Puts<B, C> {
  const puts = writer[mode]
  if (puts === undefined) throw new PlatformError("unsupported", "Rows of this system cannot be upserted; append them.")
  return puts
}

const noCommit = (name: string): PlatformError =>
  new PlatformError(
    "query_invalid",
    `${name} has no transactions, so a commit cannot be kept with its rows; write elsewhere, or give it an engine that has them.`,
  )
