import { PlatformError } from "../core/errors.ts"
import { retrying } from "../core/retry.ts"

/** One request to a key service; `ca` is the PEM of an authority to trust instead of the system's. */
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

/** Posts to the operator's key service through the door; PlatformError if no response arrives in time. */
export type Send = (request: ServiceRequest) => Promise<ServiceAnswer>

/** The treatment of a response: use it, try again, or report a refusal. */
export type Judgement = { readonly is: "answer" } | { readonly is: "busy" | "refusal"; readonly why: string }

const RETRIES = { most: 2, firstWaitMs: 150 }
/** The pause after a failure, in which no caller asks again: callers hold a transaction of the store while they wait. */
const REST_MS = 2_000

/** A key service with retries: three tries for transient errors, and a pause after a failure, in which every call fails at once. */
export class KeyService {
  readonly #name: string
  readonly #send: Send
  #resting: { readonly until: number; readonly error: PlatformError } | undefined

  /** `name` starts the sentences of its errors: "Vault at https://…". */
  constructor(name: string, send: Send) {
    this.#name = name
    this.#send = send
  }

  /**
   * The response that `judge` accepts. `make` builds a new request for each try, because signatures and tokens
   * expire. Fails with PlatformError `keys_unavailable`.
   */
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

  /** A `keys_unavailable` error with the reason, in a sentence. */
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

/** The service's own text, shortened to one line of printable characters. */
export const quote = (text: string): string =>
  `"${text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 200)}"`
