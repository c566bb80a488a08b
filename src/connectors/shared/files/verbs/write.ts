import { createHash, randomUUID } from "node:crypto"
import { pipeline, Readable } from "node:stream"
import { createGzip, createZstdCompress } from "node:zlib"
import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Batch, Commit, Stream, WriteOptions, WriteReport } from "../../../../core/streams.ts"
import type { Compression } from "../compression.ts"
import { filesBelow } from "../listing.ts"
import type { FileClient } from "../open-file.ts"

/** The beginning of the names of written files, before the token of the commit. */
const NAME = "jackfield"
const SEQUENCE_DIGITS = 10

/**
 * Writes a batch as one file in a folder, whole or not at all. The name contains the token of the commit, so that a repeated
 * batch finds its file and writes nothing.
 */
export async function write(client: FileClient, to: Stream, batch: Batch, { mode, commit }: WriteOptions, call: Call): Promise<WriteReport> {
  const { output, store } = client
  if (output === undefined || store.put === undefined || output.format.writer === undefined)
    throw new PlatformError("unsupported", "The connector's files can only be read.")
  if (mode === "upsert") throw new PlatformError("unsupported", "Rows in files cannot be upserted; append them.")
  const folder = folderOf(to)
  const writer = output.format.writer(batch.columns)
  const { bytes, rejected } = writer.rows(batch.rows)
  const report = { written: batch.rows.length - rejected.length, rejected, skipped: 0 }
  const stem = `${folder}${NAME}.${commit === undefined ? randomUUID() : `${tokenOf(commit)}.${sequenceOf(commit.sequence)}`}.`
  if (commit !== undefined && (await lastBelow(client, stem, call)) !== undefined) return { ...report, already: true }
  if (report.written > 0 || commit !== undefined) {
    const name = `${stem}${writer.extension}${EXTENSIONS[output.compression]}`
    await store.put(name, compressed([writer.begin(), bytes, writer.end()], output.compression), call)
  }
  return report
}

/** The last sequence number of a run's part for which a file exists. */
export async function committed(client: FileClient, to: Stream, of: Omit<Commit, "sequence">, call: Call): Promise<number | undefined> {
  const stem = `${folderOf(to)}${NAME}.${tokenOf(of)}.`
  const last = await lastBelow(client, stem, call)
  return last === undefined ? undefined : Number(last.slice(stem.length, stem.length + SEQUENCE_DIGITS))
}

async function lastBelow({ store }: FileClient, stem: string, call: Call): Promise<string | undefined> {
  let last: string | undefined
  for await (const { path } of filesBelow(store, stem, undefined, call)) last = path
  return last
}

const EXTENSIONS: Readonly<Record<Compression, string>> = { none: "", gzip: ".gz", zstd: ".zst" }
const SAFE = /^[\w-]{1,64}$/

/** A run and a part as they appear in a file name; an id that is too long or has other characters is replaced by its hash. */
const tokenOf = ({ run, part }: Omit<Commit, "sequence">): string =>
  [run, part].map((text) => (SAFE.test(text) ? text : `~${createHash("sha256").update(text).digest("hex").slice(0, 32)}`)).join(".")

/** A sequence number with leading zeros, so that names sort in the order of commits. */
const sequenceOf = (sequence: number): string => String(sequence).padStart(SEQUENCE_DIGITS, "0")

/** The folder at a path; rejects paths with empty names, `.`, `..` or control characters. */
function folderOf({ path }: Pick<Stream, "path">): string {
  const [folder = ""] = path
  const names = folder.split("/").slice(0, -1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the check rejects control characters.
  const bad = names.some((name) => name === "" || name === "." || name === ".." || /[\u0000-\u001f\u007f\\]/.test(name))
  if (path.length === 1 && folder.endsWith("/") && !bad) return folder
  throw new PlatformError(
    "stream_not_found",
    `Rows are written as files in a folder, but ${JSON.stringify(path)} does not name a folder; use a path such as ["orders/"].`,
  )
}

async function* compressed(parts: readonly Buffer[], compression: Compression): AsyncGenerator<Buffer> {
  if (compression === "none") return yield* parts.filter(({ length }) => length > 0)
  const encoder = compression === "gzip" ? createGzip() : createZstdCompress()
  pipeline(Readable.from(parts, { objectMode: true }), encoder, () => undefined)
  yield* encoder as AsyncIterable<Buffer>
}
