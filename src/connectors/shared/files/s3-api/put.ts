import { createHash } from "node:crypto"
import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { HttpAnswer } from "../../../../core/http/request.ts"
import { requestTo } from "../../http/requests.ts"
import { parseXml, textIn } from "../../xml.ts"
import { inPieces } from "../pieces.ts"
import { type Bucket, markOf } from "./bucket.ts"

/** The size of a part in bytes; S3 requires at least 5 MiB and allows at most 10,000 parts. */
const PART = 16 * 1_048_576

/** Stores a whole file: in one request, or in parts that become a file only once all of them are stored. */
export async function putFile(bucket: Bucket, url: URL, bytes: AsyncIterable<Buffer>, call: Call): Promise<{ readonly mark: string; readonly bytes: number }> {
  const parts = inPieces(bytes, PART)
  const first = await parts.next()
  const begun = first.done === true ? Buffer.alloc(0) : first.value
  const second = await parts.next()
  if (second.done === true) {
    const { headers } = await send(bucket, url, "PUT", begun, { ...bucket.headers, ...bucket.writing }, call)
    return { mark: markOf(headers["etag"] ?? ""), bytes: begun.length }
  }
  const upload = await begin(bucket, url, call)
  const at = (query: Readonly<Record<string, string>>): URL => withQuery(url, { uploadId: upload, ...query })
  try {
    const etags: string[] = []
    let total = 0
    const add = async (part: Buffer): Promise<void> => {
      await call.turn()
      const answer = await send(bucket, at({ partNumber: String(etags.length + 1) }), "PUT", part, { ...bucket.headers, ...bucket.reading }, call)
      etags.push(answer.headers["etag"] ?? "")
      total += part.length
    }
    await add(begun)
    await add(second.value)
    for await (const part of parts) await add(part)
    return { mark: await complete(bucket, at({}), etags, call), bytes: total }
  } catch (error) {
    // Parts that are never put together cost as much as files.
    await bucket.http.send(requestTo(at({}), { method: "DELETE", headers: bucket.headers }), call).catch(() => undefined)
    throw error
  }
}

async function begin(bucket: Bucket, url: URL, call: Call): Promise<string> {
  const answer = await send(bucket, withQuery(url, { uploads: "" }), "POST", "", { ...bucket.headers, ...bucket.writing }, call)
  const id = textIn(await parseXml(answer.body.toString("utf8"), url.origin), "UploadId")
  if (id === undefined || id === "") throw new PlatformError("response_invalid", `${url.origin} begins an upload without an id.`)
  return id
}

/** Puts the parts together; the answer has status 200 even if that fails (docs, CompleteMultipartUpload). */
async function complete(bucket: Bucket, url: URL, etags: readonly string[], call: Call): Promise<string> {
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`)
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`
  const answer = await send(bucket, url, "POST", body, { ...bucket.headers, "content-type": "application/xml" }, call)
  const root = await parseXml(answer.body.toString("utf8"), url.origin)
  const etag = textIn(root, "ETag")
  if (root.name === "CompleteMultipartUploadResult" && etag !== undefined) return markOf(etag)
  const said = textIn(root, "Message") ?? root.name
  throw new PlatformError("remote_failed", `${url.origin} could not put the parts of the file together: ${call.scrub(said, 300)}; write it again.`)
}

const send = (bucket: Bucket, url: URL, method: string, body: string | Buffer, headers: Readonly<Record<string, string>>, call: Call): Promise<HttpAnswer> =>
  bucket.http.send(requestTo(url, { method, body, headers: { "content-md5": createHash("md5").update(body).digest("base64"), ...headers } }), call)

function withQuery(url: URL, query: Readonly<Record<string, string>>): URL {
  const out = new URL(url)
  for (const [name, value] of Object.entries(query)) out.searchParams.set(name, value)
  return out
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
