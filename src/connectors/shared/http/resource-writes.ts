import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Batch, Commit, Stream, WriteOptions, WriteReport } from "../../../core/streams.ts"
import type { Row } from "../../../core/values.ts"
import type { Put, Resource } from "./resource.ts"

/** What a write needs of a resource. */
type Writable<C> = Pick<Resource<C>, "path" | "key" | "append" | "upsert">

/** A record with its index in the batch. */
interface Line {
  readonly index: number
  readonly row: Row
}

/**
 * Puts a batch's records in pieces of as many as the API takes, in their order. Each record is written, rejected with the
 * API's reason, or skipped because a later one in the batch has the same key.
 */
export async function writeResource<C>(
  resource: Writable<C>,
  client: C,
  { to, batch, mode, commit }: { readonly to: Stream; readonly batch: Batch } & WriteOptions,
  call: Call,
): Promise<WriteReport> {
  const put = resource[mode]
  const name = resource.path.join(".")
  if (put === undefined) throw new PlatformError("unsupported", `Records of ${name} cannot be ${mode === "append" ? "appended" : "upserted"}.`)
  refuseEqualNames(batch)
  const lines = batch.rows.map(
    (values, index): Line => ({ index, row: Object.fromEntries(batch.columns.map((column, at) => [column.name, values[at] ?? null])) }),
  )
  const rejected: { index: number; reason: string }[] = []
  const wanted = mode === "append" ? lines : lastOfEach(lines, keyFor(name, resource, to, batch), rejected)
  let written = 0
  for (let at = 0; at < wanted.length; at += put.most) {
    if (at > 0) await call.turn()
    const piece = wanted.slice(at, at + put.most)
    const reasons = await reasonsOf(put, client, { piece, name, commit }, call).catch((error: unknown) =>
      Promise.reject(afterSome(error, written, lines.length)),
    )
    for (const [index, reason] of reasons.entries()) {
      if (reason === undefined) written++
      else rejected.push({ index: piece[index]?.index ?? 0, reason })
    }
  }
  return { written, rejected: rejected.sort((a, b) => a.index - b.index), skipped: lines.length - written - rejected.length }
}

/** A piece of a batch on its way to a resource of that name. */
interface Sent {
  readonly piece: readonly Line[]
  readonly name: string
  readonly commit: Commit | undefined
}

async function reasonsOf<C>(put: Put<C>, client: C, { piece, name, commit }: Sent, call: Call): Promise<readonly (string | undefined)[]> {
  const reasons = await put.rows(
    client,
    piece.map(({ row }) => row),
    call,
    { commit, indexes: piece.map(({ index }) => index) },
  )
  if (reasons.length === piece.length) return reasons
  throw new PlatformError(
    "response_invalid",
    `The answer accounts for ${reasons.length} of the ${piece.length} records sent to ${name}, so which of them were taken is not known.`,
  )
}

/** The same failure, which says how many records were written before it. */
function afterSome(error: unknown, written: number, of: number): unknown {
  if (written === 0 || !(error instanceof PlatformError)) return error
  const message = `${error.message.replace(/\.$/, "")}; ${written} of the ${of} records of the batch had been written before.`
  return new PlatformError(error.code, message, { cause: error, details: { ...error.details, written }, faults: error.faults, remedies: error.remedies })
}

/** A record has one member of each name. */
function refuseEqualNames({ columns }: Batch): void {
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (seen.has(name))
      throw new PlatformError("query_invalid", `The rows have two columns named ${name}, and a record has one of each name; rename one of them.`)
    seen.add(name)
  }
}

function keyFor<C>(name: string, resource: Writable<C>, to: Stream, batch: Batch): readonly string[] {
  const key = to.key.length > 0 ? to.key : resource.key
  if (key.length === 0) throw new PlatformError("query_invalid", `${name} has no key, so records cannot be upserted; append them.`)
  const missing = key.filter((part) => !batch.columns.some(({ name: column }) => column === part))
  if (missing.length > 0) throw new PlatformError("query_invalid", `An upsert into ${name} needs its key; the rows lack ${missing.join(", ")}.`)
  return key
}

/** The last line of each key, in the lines' order; a line without a value in its key is rejected. */
function lastOfEach(lines: readonly Line[], key: readonly string[], rejected: { index: number; reason: string }[]): Line[] {
  const last = new Map<string, Line>()
  for (const line of lines) {
    const empty = key.find((part) => (line.row[part] ?? null) === null)
    if (empty !== undefined) {
      rejected.push({ index: line.index, reason: `The row has no value in ${empty}, which is part of the key.` })
      continue
    }
    const print = JSON.stringify(key.map((part) => line.row[part]))
    last.delete(print)
    last.set(print, line)
  }
  return [...last.values()]
}
