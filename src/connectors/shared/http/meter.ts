import type { HttpRequest } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"

/** Measures one request, and reports it to the call once. */
export interface Meter {
  answered(status: number): void
  received(bytes: number): void
  /** `broken`: the answer did not arrive completely. */
  end(broken?: boolean): void
}

export function meterOf({ method, body }: HttpRequest, { measure }: HttpCall): Meter {
  const begun = performance.now()
  let [outcome, receivedBytes, ended] = ["none", 0, false]
  return {
    answered(status) {
      outcome = `${Math.floor(status / 100)}xx`
    },
    received(bytes) {
      receivedBytes += bytes
    },
    end(broken = false) {
      if (ended) return
      ended = true
      const sentBytes = body === undefined ? 0 : Buffer.byteLength(body)
      measure?.({ method, outcome: broken ? "none" : outcome, durationMs: performance.now() - begun, sentBytes, receivedBytes })
    },
  }
}
