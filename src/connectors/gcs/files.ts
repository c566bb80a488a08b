import { PlatformError } from "../../core/errors.ts"
import { inPieces } from "../shared/files/pieces.ts"
import type { FileEntry, FileStore } from "../shared/files/store.ts"
import { urlSource } from "../shared/files/url.ts"
import { UPLOAD_PIECE, upload } from "../shared/google/uploads.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"

/** The objects of a bucket by the JSON API. */
export interface Objects {
  readonly http: HttpClient
  /** `https://storage.googleapis.com`. */
  readonly origin: string
  readonly bucket: string
  /** Parameters of every request. */
  readonly query: Readonly<Record<string, string>>
  /** Parameters of requests that write. */
  readonly writing: Readonly<Record<string, string>>
}

/** What the listing gives of each object: another generation is another version. */
const FIELDS = "items(name,size,generation),nextPageToken"

/** The files of a bucket (docs, Cloud Storage JSON API, Objects). Names come in the order of their UTF-8 bytes. */
export const filesOf = (objects: Objects): FileStore => ({
  async list(prefix, { after, page }, call) {
    const query = {
      prefix,
      maxResults: "1000",
      fields: FIELDS,
      ...(page === undefined ? (after === undefined ? {} : { startOffset: after }) : { pageToken: page }),
    }
    const answer = await call.stage("auth", () => objects.http.json(requestTo(addressOf(objects, "", query)), call))
    const { items = [], nextPageToken: next } = (answer ?? {}) as { items?: unknown; nextPageToken?: unknown }
    if (!Array.isArray(items) || (next !== undefined && typeof next !== "string")) throw strange(objects, "has no list of files")
    // A listing begins at a name, not behind it.
    const files = items.map((item) => entryOf(objects, item)).filter(({ path }) => path !== after)
    return { files, ...(next === undefined || next === "" ? {} : { next }) }
  },

  open: (path, call) =>
    urlSource(addressOf(objects, path, { alt: "media" }), objects.http, call, {
      name: path,
      markOf: ({ "x-goog-generation": generation = "" }) => generation,
    }),

  async put(path, pieces, call) {
    const { http, origin, bucket, query, writing } = objects
    const url = (uploadType: string) => withQuery(`${origin}/upload/storage/v1/b/${bucket}/o`, { ...query, ...writing, uploadType, name: path })
    const { answer, bytes } = await upload({ http, origin, url }, inPieces(pieces, UPLOAD_PIECE), call)
    const { generation, size } = (answer ?? {}) as Readonly<Record<string, unknown>>
    if (Number(size) !== bytes) throw strange(objects, `says that ${String(size)} of ${bytes} bytes are stored`)
    return { mark: String(generation), bytes }
  },
})

/** The URL of an object, or of the list of them. A name is one part of the path, whatever is in it. */
function addressOf({ origin, bucket, query }: Objects, path: string, more: Readonly<Record<string, string>>): URL {
  return withQuery(`${origin}/storage/v1/b/${bucket}/o${path === "" ? "" : `/${encodeURIComponent(path)}`}`, { ...query, ...more })
}

function withQuery(address: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(address)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

function entryOf(objects: Objects, item: unknown): FileEntry {
  const { name, size, generation } = (item ?? {}) as Readonly<Record<string, unknown>>
  if (typeof name !== "string" || !/^\d{1,15}$/.test(String(size)) || !/^\d{1,20}$/.test(String(generation)))
    throw strange(objects, "lists a file without a name, a size or a generation")
  return { path: name, mark: String(generation), bytes: Number(size) }
}

const strange = ({ origin }: Objects, how: string): PlatformError =>
  new PlatformError("response_invalid", `The answer of ${origin} ${how}; check for a proxy between it and the hub.`)
