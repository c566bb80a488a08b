import Type from "typebox"
import { PlatformError } from "../../core/errors.ts"
import type { Hub } from "../../hub/hub.ts"
import type { UploadView } from "../../hub/uploads/uploads.ts"
import { principalOf } from "../access.ts"
import { closed, Id, PageQuery, pageOf, Time } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** For a whole upload to arrive: 2 GiB at some 100 KB a second. */
export const UPLOAD_ARRIVAL_MAX_MS = 6 * 3_600_000
/** For the next MiB of it. */
const CHUNK_MAX_MS = 300_000

const Upload = Type.Unsafe<UploadView>(
  Type.Object({
    id: Id,
    name: Type.String(),
    bytes: Type.Integer({ minimum: 0 }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    createdAt: Time,
    usedBy: Type.Array(Type.String(), { description: "Connectors that read it, by name" }),
  }),
)
const UploadQuery = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: "^[^/\\\\\\u0000-\\u001f\\u007f]+$",
      default: "upload",
      description: "The file's name, without a path or control characters",
    }),
  },
  closed,
)
const UploadRef = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) })
const Page = Type.Object(PageQuery, closed)
const tag = "uploads"

/** Files that connectors read: sent in one request, shown once they are whole. */
export async function uploadRoutes(api: Api, hub: Hub): Promise<void> {
  const { uploads } = hub
  api.get("/uploads", { ...access("viewer"), schema: { ...describe(tag, "The workspace's files", { 200: pageOf(Upload) }), querystring: Page } }, (request) =>
    uploads.list(principalOf(request), request.query),
  )
  api.get("/uploads/:id", { ...access("viewer"), schema: { ...describe(tag, "One file, without its bytes", { 200: Upload }), params: UploadRef } }, (request) =>
    uploads.get(principalOf(request), request.params.id),
  )
  api.delete(
    "/uploads/:id",
    { ...access("editor"), schema: { ...describe(tag, "Remove a file; refused while a connector reads it", { 204: Type.Null() }), params: UploadRef } },
    async (request, reply) => {
      await uploads.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  await api.register(async (scope) => receive(scope as Api, hub))
}

function receive(scope: Api, { uploads }: Hub): void {
  scope.removeAllContentTypeParsers()
  // The body is not read here: the handler takes it from the request itself, as it comes.
  scope.addContentTypeParser("*", (_request, _body, done) => done(null, undefined))
  scope.addContentTypeParser(/^multipart\//i, (_request, _body, done) =>
    done(new PlatformError("content_type_unsupported", "A form is not taken here; send the file itself as the body, and its name as ?name=."), undefined),
  )
  scope.post(
    "/uploads",
    {
      // Whether a body is the same as before is known only once all of it is there.
      config: { access: "editor", arrivalMs: UPLOAD_ARRIVAL_MAX_MS, repeat: "none" },
      schema: {
        ...describe(tag, "Send a file: the body is the file, with any content type but a form's", { 201: Upload }),
        querystring: UploadQuery,
        body: { content: { "application/octet-stream": { schema: Type.Unsafe<undefined>({ description: "The bytes of the file, at most 2 GiB" }) } } },
      },
    },
    async (request, reply) => {
      const { raw } = request
      const slow = setTimeout(() => raw.destroy(), CHUNK_MAX_MS)
      async function* body(): AsyncGenerator<Buffer> {
        let since = 0
        // Whoever is refused midway still gets the answer: leaving the loop must not end the connection.
        for await (const piece of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
          since += piece.length
          if (since >= 1_048_576) {
            slow.refresh()
            since = 0
          }
          yield piece
        }
      }
      try {
        const length = request.headers["content-length"]
        const made = await uploads.add(principalOf(request), request.query.name, body(), length === undefined ? undefined : Number(length))
        return await reply.code(201).header("location", `/v1/uploads/${made.id}`).send(made)
      } finally {
        clearTimeout(slow)
        // What still comes of a body that was refused is read and dropped, until it is cut off: else its sender would be stuck, and cut off before it heard why.
        raw.resume()
      }
    },
  )
}
