import { createHash, randomUUID } from "node:crypto"
import type { Origin } from "./resource.ts"

/** The key of a request: a UUID, the same for the same records of the same commit, and random without a commit. */
export function idempotencyKey({ commit, indexes }: Origin): string {
  if (commit === undefined) return randomUUID()
  const { run, part, sequence } = commit
  const hash = createHash("sha256")
    .update(JSON.stringify([run, part, sequence, ...indexes]))
    .digest("hex")
  // RFC 9562, 5.8: a UUID of version 8.
  return [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20, 32)].join("-")
}
