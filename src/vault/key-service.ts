import { PlatformError } from "../core/errors.ts"
import { retrying } from "../core/retry.ts"

/** One request to a key service; `ca` is the PEM of the authority to trust in place of the system's. */
export interface ServiceRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly ca?: string | undefined
}

export interface ServiceAnswer {
  readonly status: number
  readonly body: string
}

/** Posts to the operator's key service through the one door; PlatformError when no answer came in time. */
export type Send = (request: ServiceRequest) => Promise<ServiceAnswer>

/** What an answer means: it is the answer, the service is busy and worth another try, or it refuses. */
export type Judgement = { readonly is: "answer" } | { readonly is: "busy" | "refusal"; readonly why: string }

const RETRIES = { most: 2, firstWaitMs: 150 }
/** After a failure the service is not asked again for so long: callers hold a transaction of the store while they wait. */
const REST_MS = 2_000

/** A key service: it is asked up to three times for what may pass, and rests after a failure, during which every call fails at once. */
export class KeyService {
  readonly #name: string
  readonly #send: Send
  #resting: { readonly until: number; readonly error: PlatformError } | undefined

  /** `name` begins the sentences of its errors: "Vault at https://…". */
  constructor(name: string, send: Send) {
    this.#name = name
    this.#send = send
  }

  /** The answer that `judge` calls one. `make` makes the request anew for each try, since signatures and tokens age. PlatformError `keys_unavailable`. */
  async ask(make: () => Promise<ServiceRequest>, judge: (answer: ServiceAnswer) => Judgement): Promise<ServiceAnswer> {
    if (this.#resting !== undefined && this.#resting.until > performance.now()) throw this.#resting.error
    try {
      const answer = await this.#try(make, judge)
      this.#resting = undefined
      return answer
    } catch (error) {
      if (error instanceof PlatformError && error.code === "keys_unavailable") this.#resting = { until: performance.now() + REST_MS, error }
      throw error
    }
  }

  /** The `keys_unavailable` that says why, in a sentence. */
  unavailable(why: string, cause?: unknown): PlatformError {
    return new PlatformError("keys_unavailable", `${this.#name} ${why}`, { cause })
  }

  async #try(make: () => Promise<ServiceRequest>, judge: (answer: ServiceAnswer) => Judgement): Promise<ServiceAnswer> {
    const passing = new WeakSet<object>()
    const busy = (why: string, cause?: unknown): PlatformError => {
      const error = this.unavailable(why, cause)
      passing.add(error)
      return error
    }
    const once = async (): Promise<ServiceAnswer> => {
      const request = await make()
      const answer = await this.#send(request).catch((cause: unknown) => {
        throw cause instanceof PlatformError ? busy(`does not answer: ${cause.message}`, cause) : cause
      })
      const judged = judge(answer)
      if (judged.is === "answer") return answer
      throw judged.is === "busy" ? busy(judged.why) : this.unavailable(judged.why)
    }
    const again = (error: unknown) => (error instanceof PlatformError && passing.has(error) ? { reason: "busy" } : undefined)
    return await retrying(once, { ...RETRIES, again })
  }
}

/** A service's own words, as far as they can be shown: one short line. */
export const quote = (text: string): string =>
  `"${text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 200)}"`
