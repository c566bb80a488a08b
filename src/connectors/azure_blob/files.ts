import { createHash, randomUUID } from "node:crypto"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { comparePaths } from "../shared/files/listing.ts"
import { inPieces } from "../shared/files/pieces.ts"
import type { FileEntry, FilePage, FileStore } from "../shared/files/store.ts"
import { urlSource } from "../shared/files/url.ts"
import { requestTo } from "../shared/http/requests.ts"
import { childrenIn, parseXml, textIn, type XmlElement } from "../shared/xml.ts"
import type { Container } from "./container.ts"

/** Bytes of a block (docs, Scalability targets for blob storage); a blob has at most 50,000 of them. */
const BLOCK = 16 * 1_048_576

/** The files of a container (docs, List Blobs, Get Blob, Put Blob, Put Block List). */
export const filesOf = (container: Container): FileStore => ({
  async list(prefix, { after, page }, call) {
    const query = { restype: "container", comp: "list", maxresults: "1000", prefix, ...(page === undefined ? {} : { marker: page }) }
    const answer = await call.stage("auth", () => container.http.send(requestTo(container.url("", query), { headers: container.headers }), call))
    const { files, next } = await pageIn(answer.body.toString("utf8"), answer.url.origin)
    // A listing has no place to begin but its own markers.
    const behind = after === undefined ? files : files.filter(({ path }) => comparePaths(path, after) > 0)
    return { files: behind, ...(next === undefined ? {} : { next }) }
  },

  open: (path, call) =>
    urlSource(container.url(path, {}), container.http, call, { name: path, markOf: ({ etag = "" }) => markOf(etag), headers: container.headers }),

  async put(path, bytes, call) {
    const blocks = inPieces(bytes, BLOCK)
    const first = await blocks.next()
    const begun = first.done === true ? Buffer.alloc(0) : first.value
    let next = await blocks.next()
    if (next.done === true) return stored(await send(container, path, {}, begun, { ...container.writing, "x-ms-blob-type": "BlockBlob" }, call), begun.length)
    // Blocks that are never listed are no part of a file, and the service removes them.
    const upload = randomUUID()
    const ids: string[] = []
    let total = 0
    const add = async (block: Buffer): Promise<void> => {
      ids.push(Buffer.from(`${upload}.${String(ids.length).padStart(5, "0")}`).toString("base64"))
      await send(container, path, { comp: "block", blockid: ids.at(-1) ?? "" }, block, container.writing, call)
      total += block.length
      await call.turn()
    }
    await add(begun)
    for (; next.done !== true; next = await blocks.next()) await add(next.value)
    const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`
    return stored(await send(container, path, { comp: "blocklist" }, Buffer.from(list), container.writing, call), total)
  },
})

/** The service compares the bytes with their MD5 before it takes them. */
const send = (
  { http, url, headers }: Container,
  path: string,
  query: Readonly<Record<string, string>>,
  body: Buffer,
  more: Readonly<Record<string, string>>,
  call: Call,
): Promise<HttpAnswer> =>
  http.send(
    requestTo(url(path, query), { method: "PUT", body, headers: { ...headers, "content-md5": createHash("md5").update(body).digest("base64"), ...more } }),
    call,
  )

const stored = ({ headers }: HttpAnswer, bytes: number) => ({ mark: markOf(headers["etag"] ?? ""), bytes })

/** The mark of a version: headers have its ETag in quotes, listings have it bare. */
const markOf = (etag: string): string => etag.replaceAll('"', "")

async function pageIn(text: string, from: string): Promise<FilePage> {
  const root = await parseXml(text.replace(/^\uFEFF/, ""), from)
  if (root.name !== "EnumerationResults")
    throw new PlatformError("response_invalid", `${from} answers with ${root.name} instead of a list of files; check the endpoint.`)
  const [blobs] = childrenIn(root, "Blobs")
  const files = blobs === undefined ? [] : childrenIn(blobs, "Blob").flatMap((blob) => entryOf(blob, from) ?? [])
  const next = textIn(root, "NextMarker") ?? ""
  return { files, ...(next === "" ? {} : { next }) }
}

/** A file; undefined for a folder, which accounts with a hierarchy of their own list among the files. */
function entryOf(blob: XmlElement, from: string): FileEntry | undefined {
  const [properties] = childrenIn(blob, "Properties")
  const [name, nameElement] = [textIn(blob, "Name"), childrenIn(blob, "Name")[0]]
  const [size, etag] = ["Content-Length", "Etag"].map((each) => (properties === undefined ? undefined : textIn(properties, each)))
  if (name === undefined || nameElement === undefined || size === undefined || !/^\d{1,15}$/.test(size))
    throw new PlatformError("response_invalid", `${from} lists a file without a name or a size.`)
  if (properties !== undefined && textIn(properties, "ResourceType") === "directory") return undefined
  return { path: name, mark: markOf(etag ?? ""), bytes: Number(size) }
}
