import { PlatformError } from "../core/errors.ts"
import { send } from "../core/http/exchange.ts"
import { Door } from "./door.ts"
import { Policy } from "./policy.ts"
import type { Resolver } from "./resolver.ts"
import { parseEgressRules } from "./rules.ts"

/** A request to a service that the operator configured in the environment. */
export interface ServiceCall {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly ca?: string | undefined
}

const DEADLINE_MS = 4_000
const MOST_BYTES = 1_048_576

/**
 * Posts to a service of the operator, through the door like every other request: private addresses are allowed on the
 * URL's port, metadata addresses never; redirects and proxies are not used. Throws a PlatformError if the response is
 * not complete within 4 s.
 */
export function serviceCaller(resolver: Resolver): (call: ServiceCall) => Promise<{ status: number; body: string }> {
  return async ({ url: to, headers, body, ca }) => {
    const url = new URL(to)
    const only = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port
    const door = new Door({ policy: new Policy({ fixed: parseEgressRules(`0.0.0.0/0:${only},[::/0]:${only}`) }), resolver })
    await using lease = door.lease({ deadlineMs: DEADLINE_MS, operator: true })
    try {
      const dispatcher = lease.dispatcher({ mode: "verify", ca })
      const options = { dispatcher, signal: lease.signal, redirects: false, maxBytes: MOST_BYTES }
      const answer = await send({ method: "POST", url, headers, private: new Set(), body }, options)
      return { status: answer.status, body: answer.body.toString("utf8") }
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      throw new PlatformError("connection_lost", `The connection to ${url.host} broke before the response arrived.`, { cause })
    }
  }
}
