import { Readable } from "node:stream"
import { PlatformError } from "../../core/errors.ts"
import type { AuditLog } from "../../hub/audit/audit-log.ts"
import type { Principal } from "../../hub/base/principal.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { callerSignal } from "../request.ts"
import { AuditEntry, AuditQuery, AuditVerdict, NoQuery, VerifyQuery } from "../schemas/audit.ts"
import { pageOf } from "../schemas/basics.ts"
import { sendStream } from "../sending.ts"

/** The audit log of the workspace: paged, verified, exported. */
export const auditOperations: readonly Operation[] = [
  operation(
    {
      id: "listAuditEntries",
      method: "GET",
      path: "/v1/audit",
      tag: "audit",
      access: "admin",
      summary: "List the entries of the audit log, the newest first",
      query: AuditQuery,
      answer: pageOf(AuditEntry),
    },
    async (request, _reply, { audit }) => audit.list(principalOf(request), { ...request.query, ...momentsOf(request.query) }),
  ),
  operation(
    {
      id: "verifyAudit",
      method: "GET",
      path: "/v1/audit/verify",
      tag: "audit",
      access: "admin",
      summary: "Verify the chain of the audit log; the answer names the first broken entry",
      query: VerifyQuery,
      answer: AuditVerdict,
    },
    async (request, reply, { audit }) => {
      const { seq, hash } = request.query
      return audit.verify(principalOf(request), callerSignal(reply), seq === undefined || hash === undefined ? undefined : { seq, hash })
    },
  ),
  operation(
    {
      id: "exportAudit",
      method: "GET",
      path: "/v1/audit/export",
      tag: "audit",
      access: "admin",
      summary: "Export the audit log, the oldest entry first",
      description: "The last line holds the ends of the chain and the workspace. If an export fails, the server breaks the connection before that line.",
      query: NoQuery,
      media: { "application/x-ndjson": "One JSON object per line" },
    },
    async (request, reply, { audit }) => {
      const lines = Readable.from(exported(audit, principalOf(request), callerSignal(reply)), { objectMode: false, highWaterMark: 256 * 1024 })
      lines.once("error", (error) => reply.raw.destroy(error))
      return sendStream(reply, "application/x-ndjson", lines)
    },
  ),
]

async function* exported(audit: AuditLog, by: Principal, signal: AbortSignal): AsyncGenerator<string> {
  const ends = await audit.ends(by)
  let lines = ""
  for await (const entry of audit.entries(by, ends, signal)) {
    lines += `${JSON.stringify(entry)}\n`
    if (lines.length < 64 * 1024) continue
    yield lines
    lines = ""
  }
  const { id, name } = by.workspace
  yield `${lines}${JSON.stringify({ ...ends, workspace: { id, name } })}\n`
}

/** `from` and `to` in the store's form; every text that is not a time is a fault. */
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
