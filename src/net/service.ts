import { request } from "undici"
import { PlatformError } from "../core/errors.ts"
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
  return async ({ url, headers, body, ca }) => {
    const { protocol, port } = new URL(url)
    const only = port === "" ? (protocol === "https:" ? 443 : 80) : port
    const door = new Door({ policy: new Policy({ fixed: parseEgressRules(`0.0.0.0/0:${only},[::/0]:${only}`) }), resolver })
    await using lease = door.lease({ deadlineMs: DEADLINE_MS, operator: true })
    try {
      const answer = await request(url, { method: "POST", headers, body, dispatcher: lease.dispatcher({ mode: "verify", ca }) })
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > MOST_BYTES) throw new PlatformError("connection_lost", `The response of ${new URL(url).host} is larger than ${MOST_BYTES} bytes.`)
        chunks.push(chunk)
      }
      return { status: answer.statusCode, body: Buffer.concat(chunks).toString("utf8") }
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      if (lease.signal.reason instanceof PlatformError) throw lease.signal.reason
      throw new PlatformError("connection_lost", `The connection to ${new URL(url).host} broke before the response arrived.`, { cause })
    }
  }
}
