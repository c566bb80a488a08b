import { Readable } from "node:stream"
import type { FastifyReply } from "fastify"
import Type from "typebox"
import { PlatformError } from "../../core/errors.ts"
import type { AuditLog } from "../../hub/audit/audit-log.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { AuditEntry, AuditQuery, Lines, Verdict, VerifyQuery } from "../audit-schemas.ts"
import { closed, pageOf } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, callerSignal, describe } from "../shapes.ts"

/** Who did what in the workspace: in pages, checked, and whole. */
export function auditRoutes(api: Api, { audit }: Hub): void {
  api.get(
    "/audit",
    { ...access("admin"), schema: { ...describe("audit", "Who did what, the newest first", { 200: pageOf(AuditEntry) }), querystring: AuditQuery } },
    async (request) => audit.list(principalOf(request), { ...request.query, ...momentsOf(request.query) }),
  )
  api.get(
    "/audit/verify",
    { ...access("admin"), schema: { ...describe("audit", "Walk the chain, and name the first broken entry", { 200: Verdict }), querystring: VerifyQuery } },
    async (request, reply) => {
      const { seq, hash } = request.query
      return audit.verify(principalOf(request), callerSignal(reply), seq === undefined || hash === undefined ? undefined : { seq, hash })
    },
  )
  api.get(
    "/audit/export",
    {
      ...access("admin"),
      schema: {
        ...describe("audit", "Every entry as NDJSON, the oldest first; the last line says where the chain ends", { 200: Lines }),
        querystring: Type.Object({}, closed),
      },
    },
    async (request, reply) => send(reply, exported(audit, principalOf(request), callerSignal(reply))),
  )
}

/** An export that breaks off ends as a broken connection, and without the last line. */
function send(reply: FastifyReply, texts: AsyncGenerator<string>): never {
  const lines = Readable.from(texts, { objectMode: false, highWaterMark: 256 * 1024 })
  lines.once("error", (error) => reply.raw.destroy(error))
  return reply
    .type("application/x-ndjson")
    .serializer((payload: unknown) => payload as string)
    .send(lines) as never
}

async function* exported(audit: AuditLog, by: Principal, signal: AbortSignal): AsyncGenerator<string> {
  const head = await audit.head(by)
  let lines = ""
  for await (const entry of audit.entries(by, head.seq, signal)) {
    lines += `${JSON.stringify(entry)}\n`
    if (lines.length < 64 * 1024) continue
    yield lines
    lines = ""
  }
  const { id, name } = by.workspace
  yield `${lines}${JSON.stringify({ head, workspace: { id, name } })}\n`
}

/** `from` and `to` as the store takes them; a time that is none is a fault, all of them at once. */
function momentsOf(given: { readonly from?: string; readonly to?: string }): { readonly from?: string; readonly to?: string } {
  const message = "must be an ISO 8601 time with its zone, such as 2027-01-31T00:00:00Z."
  const named = (["from", "to"] as const).flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]))
  const wrong = named.filter(([, text]) => !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text) || Number.isNaN(Date.parse(text)))
  if (wrong.length > 0)
    throw new PlatformError("request_invalid", `The request is not valid: ${wrong[0]?.[0]} ${message}`, {
      faults: wrong.map(([name]) => ({ pointer: `/querystring/${name}`, message })),
    })
  return Object.fromEntries(named.map(([name, text]) => [name, new Date(text).toISOString()]))
}
