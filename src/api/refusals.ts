import { randomUUID } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { Counter, type Registry } from "prom-client"

/** How long a refusal stands. A limit that has room again takes the next request after that long at most. */
const STANDS_MS = 100
/** The most refusals that are remembered; the oldest go first. */
const REMEMBERED_MAX = 10_000
/** A body that is longer is not worth skipping unread. */
const BODY_MAX_BYTES = 65_536
const SAID_EVERY_MS = 10_000

/** The headers that decide who is asking, and in which workspace. */
const CREDENTIALS = ["authorization", "x-api-key", "x-apikey"] as const
const PLACES = ["host", "jackfield-workspace", "workspace-id", "x-tenant-id"] as const
/** The headers that differ from answer to answer. */
const OWN_HEADERS: ReadonlySet<string> = new Set(["x-request-id", "content-length", "date", "connection", "keep-alive", "transfer-encoding"])

interface Refusal {
  readonly until: number
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly requestId: string
}

/**
 * Makes a request that was just refused cheap to refuse again: for a tenth of a second, the same caller who asks for the
 * same gets the same answer before anything of the request is parsed, looked up or logged. That holds for refusals by
 * limits, and for those that were made of the headers alone. The log gets their number now and then; the metrics count them.
 */
export function useRefusals(app: FastifyInstance, registry: Registry): void {
  const known = new Map<string, Refusal>()
  const counter = new Counter({
    name: "jackfield_http_requests_refused_again_total",
    help: "Requests that were refused like an equal one within the last tenth of a second",
    labelNames: ["status"] as const,
    registers: [registry],
  })
  let refused = 0

  app.addHook("onSend", async (request, reply, payload) => {
    const key = mayStand(request, reply) && typeof payload === "string" ? keyOf(request.raw) : undefined
    if (key === undefined) return
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value ?? "")
    // Anew at the end of the map, which is in the order of time.
    known.delete(key)
    const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) => (OWN_HEADERS.has(name) ? [] : [[name, String(value)] as const]))
    const refusal = { status: reply.statusCode, headers: Object.fromEntries(headers), body: String(payload), requestId: request.id }
    known.set(key, { until: performance.now() + STANDS_MS, ...refusal })
  })

  const answers = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (known.size === 0) return false
    const key = keyOf(request)
    const refusal = key === undefined ? undefined : known.get(key)
    if (key === undefined || refusal === undefined) return false
    if (refusal.until < performance.now()) {
      known.delete(key)
      return false
    }
    refused++
    counter.inc({ status: String(refusal.status) })
    send(request, response, refusal)
    return true
  }

  const listeners = app.server.listeners("request") as RequestListener[]
  app.server.removeAllListeners("request")
  app.server.on("request", (request, response) => {
    if (!answers(request, response)) for (const listener of listeners) listener.call(app.server, request, response)
  })

  const said = setInterval(() => {
    const now = performance.now()
    for (const [key, { until }] of known) if (until < now) known.delete(key)
    if (refused > 0) app.log.info({ refused, seconds: SAID_EVERY_MS / 1_000 }, "requests were refused again")
    refused = 0
  }, SAID_EVERY_MS)
  said.unref()
  app.addHook("onClose", async () => clearInterval(said))
}

/** Whether the same request would be refused in the same way: the limits refuse whatever the body is, and without a parsed body the headers alone decided. */
function mayStand(request: FastifyRequest, reply: FastifyReply): boolean {
  if (reply.statusCode === 429) return request.principal !== undefined
  return (reply.statusCode === 401 || reply.statusCode === 403) && request.body === undefined && !request.is404
}

/** The key that equal requests share; undefined for a request that must always be looked at. */
function keyOf({ method, url, headers }: IncomingMessage): string | undefined {
  const credential = CREDENTIALS.map((name) => headers[name] ?? "").join("\n")
  if (credential.length === CREDENTIALS.length - 1) return undefined
  // A kept answer is given whatever the limits are.
  if (headers["idempotency-key"] !== undefined || headers["transfer-encoding"] !== undefined) return undefined
  if (Number(headers["content-length"] ?? 0) > BODY_MAX_BYTES) return undefined
  return `${method}\n${url}\n${credential}\n${PLACES.map((name) => headers[name] ?? "").join("\n")}`
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body, requestId }: Refusal): void {
  // The body is left unread, but must leave the connection before the next request.
  request.resume()
  const id = randomUUID()
  const text = body.replaceAll(requestId, id)
  response.writeHead(status, { ...headers, "x-request-id": id, "content-length": Buffer.byteLength(text) }).end(text)
}
