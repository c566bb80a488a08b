import type { Call } from "../../../core/call.ts"
import { type ByteSource, PastEnd, section } from "./source.ts"

/** An upload of the call's workspace; its hash is its mark. `not_found` for any other id. */
export async function uploadSource(id: string, call: Call): Promise<ByteSource> {
  const { name, bytes, sha256, read } = await call.upload(id)
  return {
    name,
    bytes,
    mark: sha256,
    ranges: true,
    async *open(from = 0, to) {
      if (from > bytes) throw new PastEnd(`The upload has ${bytes} bytes, fewer than ${from}.`)
      yield* to === undefined ? read(from) : section(read(from), 0, to - from)
    },
    async [Symbol.asyncDispose]() {},
  }
}
