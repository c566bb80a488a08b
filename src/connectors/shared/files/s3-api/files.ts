import { PlatformError } from "../../../../core/errors.ts"
import { requestTo } from "../../http/requests.ts"
import { childrenIn, parseXml, textIn } from "../../xml.ts"
import type { FileEntry, FilePage, FileStore } from "../store.ts"
import { urlSource } from "../url.ts"
import { type Bucket, markOf } from "./bucket.ts"
import { putFile } from "./put.ts"

/** The files of a bucket (docs, Amazon S3 API, ListObjectsV2, GetObject, PutObject). Keys come in the order of their UTF-8 bytes. */
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
    urlSource(addressOf(bucket, path), bucket.http, call, {
      name: path,
      markOf: ({ etag = "" }) => markOf(etag),
      headers: { ...bucket.headers, ...bucket.reading },
    }),

  put: (path, bytes, call) => putFile(bucket, addressOf(bucket, path), bytes, call),
})

async function pageIn(text: string, from: string): Promise<FilePage> {
  const root = await parseXml(text, from)
  if (root.name !== "ListBucketResult")
    throw new PlatformError("response_invalid", `${from} answers with ${root.name} instead of a list of files; check the endpoint.`)
  // Services that do not know the encoding list the keys as they are.
  const keyOf = textIn(root, "EncodingType") === "url" ? (key: string) => decodeURIComponent(key.replaceAll("+", " ")) : (key: string) => key
  const files = childrenIn(root, "Contents").map((entry): FileEntry => {
    const [key, etag, size] = ["Key", "ETag", "Size"].map((name) => textIn(entry, name))
    if (key === undefined || size === undefined || !/^\d{1,15}$/.test(size))
      throw new PlatformError("response_invalid", `${from} lists a file without a key or a size.`)
    return { path: keyOf(key), mark: markOf(etag ?? ""), bytes: Number(size) }
  })
  const next = textIn(root, "IsTruncated") === "true" ? textIn(root, "NextContinuationToken") : undefined
  if (next === undefined && textIn(root, "IsTruncated") === "true")
    throw new PlatformError("response_invalid", `${from} cuts the list of files short and does not say how it goes on.`)
  return { files, ...(next === undefined ? {} : { next }) }
}

/** The URL of a file. A URL cannot have `.` or `..` as a part of its path: it would be the address of another file. */
export function addressOf(bucket: Bucket, path: string): URL {
  if (path.split("/").some((part) => part === "." || part === ".."))
    throw new PlatformError(
      "response_invalid",
      `The file ${path} has . or .. as a part of its name, which a URL cannot have; rename it, or leave it out by Files.`,
    )
  return bucket.url(path)
}
