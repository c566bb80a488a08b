import { PlatformError } from "../../core/errors.ts"
import type { Cursor, Stream } from "../../core/streams.ts"

/** A position as the text that callers hand back: JSON in base64url. */
export const encodeCursor = (position: unknown): Cursor => Buffer.from(JSON.stringify(position)).toString("base64url")

/** The position that a cursor holds, not yet checked against the stream; `notACursor` for any other text. */
export function decodeCursor(cursor: Cursor, stream: Pick<Stream, "path">): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch (error) {
    throw notACursor(stream, error)
  }
}

/** The rows that a read gives until its next batch ends; see `Call.batchRows`. */
export const leftInBatch = (batchRows: number, rowsBefore: number): number => batchRows - (rowsBefore % batchRows)

/** The one error, for every type, for a cursor that no read of the stream gave. */
export const notACursor = ({ path }: Pick<Stream, "path">, cause?: unknown): PlatformError =>
  new PlatformError("request_invalid", `The cursor is not one that a read of ${path.join(".")} gave; begin again without it.`, {
    faults: [{ pointer: "/cursor", message: "Not a cursor of this stream." }],
    ...(cause === undefined ? {} : { cause }),
  })
