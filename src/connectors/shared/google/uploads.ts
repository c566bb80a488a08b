import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Value } from "../../../core/values.ts"
import { jsonOf } from "../http/answers.ts"
import type { HttpClient } from "../http/client.ts"
import { requestTo } from "../http/requests.ts"

/** A place of a Google API that takes files. */
export interface Uploads {
  readonly http: HttpClient
  /** `https://storage.googleapis.com`. */
  readonly origin: string
  /** The URL that takes a file in one request (`media`), or begins an upload of several (`resumable`). */
  url(uploadType: "media" | "resumable"): URL
}

/** The bytes of a piece, but of the last one: a multiple of 256 KiB. */
export const UPLOAD_PIECE = 16 * 1_048_576

/** What the API says of a file that it has, and how many bytes were sent. */
interface Uploaded {
  readonly answer: Value
  readonly bytes: number
}

/**
 * Uploads a file whole (docs, Cloud Storage, Uploads and downloads; the same protocol in the other APIs): in one request, or by a
 * resumable upload, whose file is there only when its last byte is. All pieces but the last have the size UPLOAD_PIECE.
 */
export async function upload(to: Uploads, pieces: AsyncGenerator<Buffer>, call: Call): Promise<Uploaded> {
  const first = await pieces.next()
  let piece = first.done === true ? Buffer.alloc(0) : first.value
  let next = await pieces.next()
  if (next.done === true) return { answer: jsonOf(await to.http.send(requestTo(to.url("media"), { method: "POST", body: piece }), call)), bytes: piece.length }
  const { headers } = await to.http.send(requestTo(to.url("resumable"), { method: "POST", body: "" }), call)
  const session = sessionIn(to, headers["location"])
  try {
    let at = 0
    for (; next.done !== true; next = await pieces.next()) {
      at = there(to, await send(to, session, piece, at, "*", call), at + piece.length)
      piece = next.value
      await call.turn()
    }
    const bytes = at + piece.length
    return { answer: jsonOf(await send(to, session, piece, at, bytes, call)), bytes }
  } catch (error) {
    await to.http.send(requestTo(session, { method: "DELETE" }), call).catch(() => undefined)
    throw error
  }
}

/** The address of an upload, which must be Google's own: it gets the bytes and the login. */
function sessionIn(to: Uploads, location = ""): URL {
  const url = URL.canParse(location) ? new URL(location) : undefined
  if (url === undefined || !/^https:\/\/[a-z0-9.-]+\.googleapis\.com$/.test(url.origin)) throw strange(to, "names another place for the upload")
  return url
}

const send = ({ http }: Uploads, session: URL, piece: Buffer, at: number, total: number | "*", call: Call): Promise<HttpAnswer> =>
  http.send(requestTo(session, { method: "PUT", body: piece, headers: { "content-range": `bytes ${at}-${at + piece.length - 1}/${total}` } }), call)

/** The number of bytes that are there; all that were sent, or an error. */
function there(to: Uploads, { status, headers }: HttpAnswer, sent: number): number {
  const kept = Number(/^bytes=0-(\d{1,15})$/.exec(headers["range"] ?? "")?.[1] ?? -1) + 1
  if (status !== 308 || kept !== sent) throw strange(to, `says that ${kept} of ${sent} bytes of an upload are there`)
  return kept
}

const strange = ({ origin }: Uploads, how: string): PlatformError =>
  new PlatformError("response_invalid", `The answer of ${origin} ${how}; check for a proxy between it and the hub, and write the file again.`)
