import type { IncomingMessage } from "node:http"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { IdRef, Page, pageOf } from "../schemas/basics.ts"
import { Upload, UploadQuery } from "../schemas/uploads.ts"

/** The time for a whole upload to arrive: enough for 2 GiB at about 100 KB a second. */
export const UPLOAD_ARRIVAL_MAX_MS = 6 * 3_600_000
/** The time for the next MiB of an upload to arrive. */
const CHUNK_MAX_MS = 300_000

/** Files that connectors read: sent in one request, shown once they are whole. */
export const uploadOperations: readonly Operation[] = [
  operation(
    {
      id: "listUploads",
      method: "GET",
      path: "/v1/uploads",
      tag: "uploads",
      access: "viewer",
      summary: "List the files of the workspace",
      query: Page,
      answer: pageOf(Upload),
    },
    async (request, _reply, { uploads }) => uploads.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "createUpload",
      method: "POST",
      path: "/v1/uploads",
      tag: "uploads",
      access: "editor",
      // Only a complete body can be compared with an earlier one.
      repeat: "none",
      arrivalMs: UPLOAD_ARRIVAL_MAX_MS,
      summary: "Upload a file",
      description: "The body is the file itself, with any content type except those of forms.",
      query: UploadQuery,
      file: "The bytes of the file, at most 2 GiB",
      status: 201,
      answer: Upload,
      location: "/v1/uploads/{id}",
    },
    async (request, _reply, { uploads }) => {
      const { raw, headers, query } = request
      const length = headers["content-length"]
      const slow = setTimeout(() => raw.destroy(), CHUNK_MAX_MS)
      try {
        return await uploads.add(principalOf(request), query.name, pieces(raw, slow), length === undefined ? undefined : Number(length))
      } finally {
        clearTimeout(slow)
        // Reads and drops the rest of a refused body until the time is up; otherwise the sender would block before it reads the answer.
        raw.resume()
      }
    },
  ),
  operation(
    {
      id: "getUpload",
      method: "GET",
      path: "/v1/uploads/{id}",
      tag: "uploads",
      access: "viewer",
      summary: "Get the metadata of a file",
      params: IdRef,
      answer: Upload,
    },
    async (request, _reply, { uploads }) => uploads.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "deleteUpload",
      method: "DELETE",
      path: "/v1/uploads/{id}",
      tag: "uploads",
      access: "editor",
      summary: "Delete a file; refused while a connector reads it",
      params: IdRef,
    },
    async (request, _reply, { uploads }) => {
      await uploads.remove(principalOf(request), request.params.id)
    },
  ),
]

/** The body as it arrives; every MiB restarts the clock. */
async function* pieces(raw: IncomingMessage, slow: NodeJS.Timeout): AsyncGenerator<Buffer> {
  let since = 0
  // A sender who is refused midway still gets the answer: leaving the loop must not end the connection.
  for await (const piece of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    since += piece.length
    if (since >= 1_048_576) {
      slow.refresh()
      since = 0
    }
    yield piece
  }
}
