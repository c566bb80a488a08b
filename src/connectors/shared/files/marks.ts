import { createHash } from "node:crypto"
import type { Cursor, Stream } from "../../../core/streams.ts"
import { decodeCursor, encodeCursor, notACursor } from "../cursors.ts"
import type { Position } from "./format.ts"

/** The place at which a read of files resumes: a file, its version, and the position in it; null after its end. */
export interface Place {
  readonly path: string
  /** The short mark; "" if the store has no versions. */
  readonly mark: string
  readonly position: Position | null
}

/** The short form of a mark in cursors and slices. */
export const shortMark = (mark: string): string => (mark === "" ? "" : createHash("sha256").update(mark).digest("base64url").slice(0, 16))

export const cursorOf = (file: { readonly path: string; readonly mark: string }, position: Position | null): Cursor =>
  encodeCursor([file.path, shortMark(file.mark), position])

/** The place in a cursor. The caller must check that its file and position belong to the stream. */
export function placeOf(cursor: Cursor, stream: Pick<Stream, "path">): Place {
  const parts = decodeCursor(cursor, stream)
  const [path, mark, position] = Array.isArray(parts) && parts.length === 3 ? (parts as unknown[]) : []
  if (typeof path !== "string" || typeof mark !== "string" || position === undefined) throw notACursor(stream)
  return { path, mark, position }
}
