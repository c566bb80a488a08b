import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { ByteOffer, BytePiece, ReadOptions, Stream } from "../../../../core/streams.ts"
import { cursorOf } from "../marks.ts"
import type { FileClient, OpenFile } from "../open-file.ts"
import { partsOf, placed } from "./parts.ts"

/** The format in which the bytes of the stream's first file can be passed on undecoded; none if its rows hold more than its bytes. */
export async function offers(client: FileClient, from: Stream, call: Call): Promise<readonly ByteOffer[]> {
  for await (const { file } of partsOf(client, from, undefined, undefined, call)) {
    const offer = offerOf(client, file, from)
    return offer === undefined ? [] : [offer]
  }
  return []
}

/** The bytes of the stream's rows, file by file. A file without the offered shape fails by name. */
export const readBytes = (client: FileClient, from: Stream, offer: ByteOffer, options: ReadOptions, call: Call): AsyncGenerator<BytePiece> =>
  placed(from, options, pieces(client, from, offer, options, call))

async function* pieces(client: FileClient, from: Stream, offer: ByteOffer, { slice, after }: ReadOptions, call: Call): AsyncGenerator<BytePiece> {
  for await (const { file, ...span } of partsOf(client, from, slice, after, call)) {
    const own = offerOf(client, file, from)
    if (own === undefined || own.format !== offer.format || own.shape !== offer.shape || file.table.pieces === undefined)
      throw new PlatformError(
        "query_invalid",
        `The bytes of ${file.path} do not have the shape that was offered; request the stream's offers again, or read its rows.`,
      )
    for await (const piece of file.table.pieces(span))
      yield { bytes: piece.bytes, rows: () => piece.rows(), rejected: () => piece.rejected(), cursor: () => cursorOf(file, piece.position()) }
  }
}

/** The offer for the stream, whose bytes have all columns of a file in the file's order, and no values from its folders. */
function offerOf({ layout }: FileClient, { path, table }: OpenFile, { columns }: Stream): ByteOffer | undefined {
  if (layout.partitionsOf(path).length > 0) return undefined
  const same = columns.length === 0 || (columns.length === table.columns.length && columns.every(({ name }, index) => name === table.columns[index]?.name))
  return same ? table.offer : undefined
}
