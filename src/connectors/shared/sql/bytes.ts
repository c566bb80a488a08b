import type { Call } from "../../../core/call.ts"
import type { ByteOffer, Stream } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"

/** How a type reads and writes a stream's rows as bytes without decoding them. `B` is what the wire binds, `C` the type's client. */
export interface Bytes<B, C> {
  /** The formats in which those columns of a stream are read, best first. */
  offers(columns: readonly Column[]): readonly ByteOffer[]
  /** The formats in which those columns of a stream are written, best first. */
  takes(client: C, stream: Stream, columns: readonly Column[], call: Call): readonly ByteOffer[] | Promise<readonly ByteOffer[]>
  /** The client that writes bytes, if that needs a separate session. Absent: the type's own client. */
  loader?(client: C): Promise<C>
  /** The columns as the format's SELECT lists them. */
  list(columns: readonly Column[], offer: ByteOffer): string
  /** A value as SQL, for statements without parameters. With a column, the value has that column's type in comparisons. */
  literal(value: B, column?: Column): string
  /** The rows of a SELECT without parameters. The statement starts when the first bytes are read. */
  out(client: C, select: string, offer: ByteOffer): ByteFlow
  /** Stores rows in those columns of the table by one statement, all of them or none; returns the server's own count. */
  in(client: C, table: string, columns: readonly Column[], offer: ByteOffer, bytes: AsyncIterable<Buffer>, call: Call): Promise<number>
}

/** The bytes of one statement. */
export interface ByteFlow {
  readonly bytes: AsyncIterable<Buffer>
  /** The server's own count; undefined until the bytes have ended. */
  rows(): number | undefined
  /** Closes the connection when the bytes have begun and not ended, so that it is never used again. */
  stop(): void
}
