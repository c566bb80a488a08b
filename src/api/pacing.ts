import type { FastifyRequest } from "fastify"
import { FairQueue, type Waiting } from "../core/fair-queue.ts"

interface Waits extends Waiting {
  readonly begin: () => void
}

/** Characters of a body that is large: parsing, validating and handling one may take some tens of milliseconds. */
const LARGE = 16_384
/** The longest rest after the work on a large body, in milliseconds. */
const REST_MAX_MS = 200

const queue = new FairQueue<Waits>()
let working = false

/**
 * Settles when the work on a large body may begin; at once for any other. The works begin one after the other, each
 * after a rest as long as the one before it took, so that other requests have half of the time. Callers take turns.
 */
export async function turnFor(request: Pick<FastifyRequest, "headers" | "ip">): Promise<void> {
  const { "content-length": length, "transfer-encoding": encoding, authorization, "x-api-key": apiKey } = request.headers
  if (encoding === undefined && !(Number(length) > LARGE)) return
  const { promise, resolve: begin } = Promise.withResolvers<void>()
  queue.add({ workspaceId: String(authorization ?? apiKey ?? request.ip), short: false, begin })
  if (!working) next()
  await promise
}

function next(): void {
  const one = queue.take(() => true)
  working = one !== undefined
  if (one === undefined) return
  const begun = performance.now()
  one.begin()
  setImmediate(() => {
    const took = performance.now() - begun
    if (took < 1) setImmediate(next)
    else setTimeout(next, Math.min(took, REST_MAX_MS))
  })
}
