import { createHash } from "node:crypto"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { canonical } from "../core/audit-chain.ts"
import { PlatformError } from "../core/errors.ts"
import type { Hub } from "../hub/hub.ts"
import type { Idempotency } from "../hub/idempotency.ts"
import { principalOf } from "./access.ts"
import { originOf } from "./mount.ts"

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a repeated request does when it is unknown how far the first came: `again` (the default) is carried out anew, `never` is not. `none`: the route takes no key. */
    repeat?: "again" | "never" | "none"
  }
  interface FastifyRequest {
    claim: string | undefined
  }
}

const HEADER = "idempotency-key"
const KEPT_HEADERS = ["content-type", "location", "etag"]

/** Makes every POST of this scope that asks for a caller take an `Idempotency-Key`. To be used after `useAccess`. */
export function useIdempotency(scope: FastifyInstance, { idempotency, connectors }: Pick<Hub, "idempotency" | "connectors">): void {
  scope.decorateRequest("claim", undefined)
  scope.addHook("preHandler", async (request, reply) => {
    const key = request.headers[HEADER]
    if (request.method !== "POST" || key === undefined || request.routeOptions.config.access === "public") return undefined
    refuseUnfit(request, String(key))
    const by = principalOf(request)
    const repeatable = request.routeOptions.config.repeat !== "never"
    const claimed = await idempotency.claim(by, { key: String(key), request: digestOf(request), repeatable })
    if ("answer" in claimed) {
      const { status, headers, body } = claimed.answer
      // An answer about a connector that has left the caller's scope since is not given again.
      const connector = by.scope === undefined ? undefined : connectorOf(request)
      if (connector !== undefined) await connectors.get(by, connector)
      return reply
        .code(status)
        .headers({ ...headers, "idempotency-replayed": "true" })
        .serializer((payload: unknown) => payload as string)
        .send(body)
    }
    request.claim = claimed.claim
    request.principal = { ...by, request: { ...originOf(request).request, claim: claimed.claim } }
    return undefined
  })
  scope.addHook("onSend", async (request, reply, payload) => {
    const { claim } = request
    if (claim === undefined) return
    request.claim = undefined
    // The answer goes out all the same: a key that could not be settled says "unknown" once its lease is over.
    await settle(idempotency, claim, reply, payload).catch((error: unknown) => request.log.warn({ err: error }, "an Idempotency-Key could not be settled"))
  })
}

async function settle(idempotency: Idempotency, claim: string, reply: FastifyReply, payload: unknown): Promise<void> {
  const text = payload === null || payload === undefined ? "" : typeof payload === "string" || Buffer.isBuffer(payload) ? String(payload) : undefined
  if (text === undefined || reply.statusCode >= 500 || reply.statusCode === 429) return idempotency.release(claim)
  const headers = Object.fromEntries(KEPT_HEADERS.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])))
  return idempotency.keep(claim, { status: reply.statusCode, headers, body: text })
}

/** The connector in the path, if the route is about one. */
const connectorOf = ({ params, routeOptions }: FastifyRequest): string | undefined =>
  routeOptions.url?.startsWith("/v1/connectors/:id") === true ? (params as { readonly id: string }).id : undefined

/** What was asked, whatever the order of the body's fields. */
const digestOf = ({ method, url, body }: FastifyRequest): Buffer =>
  createHash("sha256")
    .update(canonical([method, url, body]))
    .digest()

function refuseUnfit(request: FastifyRequest, key: string): void {
  const { "content-type": type = "application/json" } = request.headers
  const unfit = !/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)
    ? "must be 1 to 255 printable ASCII characters."
    : request.answerType !== "application/json"
      ? "cannot be kept for an answer that is streamed; leave it out, or accept application/json."
      : request.routeOptions.config.repeat === "none" || !/^application\/json\b/i.test(type)
        ? "is not taken by this route; leave it out."
        : undefined
  if (unfit !== undefined)
    throw new PlatformError("request_invalid", `The Idempotency-Key ${unfit}`, { faults: [{ pointer: `/headers/${HEADER}`, message: unfit }] })
}
