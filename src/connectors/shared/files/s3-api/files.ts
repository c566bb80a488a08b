import { PlatformError } from "../../../../core/errors.ts"
import { requestTo } from "../../http/requests.ts"
import { childrenIn, parseXml, textIn } from "../../xml.ts"
import type { FileEntry, FilePage, FileStore } from "../store.ts"
import { urlSource } from "../url.ts"
import { type Bucket, markOf } from "./bucket.ts"
import { putFile } from "./put.ts"

/** The files of a bucket (docs, Amazon S3 API, ListObjectsV2, GetObject, PutObject). Keys are in the order of their UTF-8 bytes. */
export const filesOf = (bucket: Bucket): FileStore => ({
  async list(prefix, { after, page }, call) {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      prefix,
      ...(page === undefined ? (after === undefined ? {} : { "start-after": after }) : { "continuation-token": page }),
    }
    const answer = await call.stage("auth", () => bucket.http.send(requestTo(bucket.url("", query), { headers: bucket.headers }), call))
    return await pageIn(answer.body.toString("utf8"), answer.url.origin)
  },

  open: (path, call) =>
    urlSource(bucket.url(path), bucket.http, call, {
      name: path,
      markOf: ({ etag = "" }) => markOf(etag),
      headers: { ...bucket.headers, ...bucket.reading },
    }),

  put: (path, bytes, call) => putFile(bucket, bucket.url(path), bytes, call),
})

async function pageIn(text: string, from: string): Promise<FilePage> {
  const root = await parseXml(text, from)
  if (root.name !== "ListBucketResult")
    throw new PlatformError("response_invalid", `${from} answers with ${root.name} instead of a list of files; check the endpoint.`)
  // Services that do not support the encoding list the keys unencoded.
  const keyOf = textIn(root, "EncodingType") === "url" ? (key: string) => unescaped(key, from) : (key: string) => key
  const files = childrenIn(root, "Contents").map((entry): FileEntry => {
    const [key, etag, size] = ["Key", "ETag", "Size"].map((name) => textIn(entry, name))
    if (key === undefined || size === undefined || !/^\d{1,15}$/.test(size))
      throw new PlatformError("response_invalid", `${from} lists a file without a key or a size.`)
    return { path: keyOf(key), mark: markOf(etag ?? ""), bytes: Number(size) }
  })
  const next = textIn(root, "IsTruncated") === "true" ? textIn(root, "NextContinuationToken") : undefined
  if (next === undefined && textIn(root, "IsTruncated") === "true")
    throw new PlatformError("response_invalid", `${from} returns an incomplete list of files without a token for the next page.`)
  return { files, ...(next === undefined ? {} : { next }) }
}

/** A key of a listing that has them as URLs do. */
function unescaped(key: string, from: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "))
  } catch (cause) {
    if (cause instanceof URIError)
      throw new PlatformError("response_invalid", `${from} lists a file whose key cannot be read: ${key.slice(0, 200)}.`, { cause })
    throw cause
  }
}
