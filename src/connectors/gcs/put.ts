import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { inPieces } from "../shared/files/pieces.ts"
import { jsonOf } from "../shared/http/answers.ts"
import { requestTo } from "../shared/http/requests.ts"
import { type Objects, strange } from "./files.ts"

/** Bytes of a request; a multiple of 256 KiB, as all but the last must have. */
const PIECE = 16 * 1_048_576

type Stored = { readonly mark: string; readonly bytes: number }

/** Stores a file whole (docs, Cloud Storage, Uploads): in one request, or by a resumable upload, whose file is there only when its last byte is. */
export async function putFile(objects: Objects, path: string, bytes: AsyncIterable<Buffer>, call: Call): Promise<Stored> {
  const pieces = inPieces(bytes, PIECE)
  const first = await pieces.next()
  const begun = first.done === true ? Buffer.alloc(0) : first.value
  let piece = await pieces.next()
  if (piece.done === true) return stored(objects, await objects.http.send(requestTo(uploadOf(objects, path, "media"), { method: "POST", body: begun }), call), begun.length)
  const { headers } = await objects.http.send(requestTo(uploadOf(objects, path, "resumable"), { method: "POST", body: "" }), call)
  const session = sessionIn(objects, headers["location"])
  try {
    let at = await sent(objects, session, begun, 0, undefined, call)
    for (;;) {
      const next = await pieces.next()
      const total = next.done === true ? at + piece.value.length : undefined
      await call.turn()
      if (total !== undefined) return stored(objects, await send(objects, session, piece.value, at, total, call), total)
      at = await sent(objects, session, piece.value, at, undefined, call)
      piece = next as IteratorYieldResult<Buffer>
    }
  } catch (error) {
    await objects.http.send(requestTo(session, { method: "DELETE", headers: { "content-length": "0" } }), call).catch(() => undefined)
    throw error
  }
}

function uploadOf({ origin, bucket, query, writing }: Objects, path: string, uploadType: string): URL {
  const url = new URL(`${origin}/upload/storage/v1/b/${bucket}/o`)
  for (const [name, value] of Object.entries({ ...query, ...writing, uploadType, name: path })) url.searchParams.set(name, value)
  return url
}

/** The address of an upload, which must be at the same place: it gets the bytes and the login. */
function sessionIn(objects: Objects, location = ""): URL {
  const url = URL.canParse(location) ? new URL(location) : undefined
  if (url?.origin !== objects.origin) throw strange(objects, "names another place for the upload")
  return url
}

const send = ({ http }: Objects, session: URL, piece: Buffer, at: number, total: number | undefined, call: Call): Promise<HttpAnswer> =>
  http.send(requestTo(session, { method: "PUT", body: piece, headers: { "content-range": `bytes ${at}-${at + piece.length - 1}/${total ?? "*"}` } }), call)

/** Sends a piece that is not the last one; the number of bytes that are there then. */
async function sent(objects: Objects, session: URL, piece: Buffer, at: number, total: number | undefined, call: Call): Promise<number> {
  const { status, headers } = await send(objects, session, piece, at, total, call)
  const there = Number(/^bytes=0-(\d{1,15})$/.exec(headers["range"] ?? "")?.[1]) + 1
  if (status !== 308 || there !== at + piece.length) throw strange(objects, `to ${at + piece.length} bytes of an upload says that ${Number.isNaN(there) ? "none" : there} are there`)
  return there
}

function stored(objects: Objects, answer: HttpAnswer, bytes: number): Stored {
  const { generation, size } = (jsonOf(answer) ?? {}) as Readonly<Record<string, unknown>>
  if (Number(size) !== bytes) throw new PlatformError("response_invalid", `${objects.origin} has stored ${String(size)} of ${bytes} bytes; write the file again.`)
  return { mark: String(generation), bytes }
}
