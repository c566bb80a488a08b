import { setTimeout as pause } from "node:timers/promises"
import { PlatformError } from "../core/errors.ts"

/** One request to a key service; `ca` is the PEM of the authority to trust instead of the system's. */
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

/** How an answer is to be taken: as it is, tried again, or told as a refusal. */
export type Judgement = { readonly is: "answer" } | { readonly is: "busy" | "refusal"; readonly why: string }

const TRIES = 3
const FIRST_WAIT_MS = 150
/** After a failure nobody asks again for so long: callers hold a transaction of the store while they wait. */
const REST_MS = 2_000

/** A key service with its patience: three tries for what may pass, and a rest after a failure, in which every call fails at once. */
export class KeyService {
  readonly #name: string
  readonly #send: Send
  #resting: { readonly until: number; readonly error: PlatformError } | undefined

  /** `name` begins the sentences of its errors: "Vault at https://…". */
  constructor(name: string, send: Send) {
    this.#name = name
    this.#send = send
  }

  /** The answer that `judge` takes as one. `make` is asked for each try anew, since signatures and tokens age. PlatformError `keys_unavailable`. */
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
    for (let tried = 1; ; tried++) {
      const last = tried === TRIES
      const request = await make()
      try {
        const answer = await this.#send(request)
        const judged = judge(answer)
        if (judged.is === "answer") return answer
        if (judged.is === "refusal" || last) throw this.unavailable(judged.why)
      } catch (cause) {
        if (!(cause instanceof PlatformError) || cause.code === "keys_unavailable") throw cause
        if (last) throw this.unavailable(`does not answer: ${cause.message}`, cause)
      }
      await pause(FIRST_WAIT_MS * 2 ** (tried - 1) * (0.5 + Math.random()))
    }
  }
}

/** A service's own words, as far as they can be shown: one short line. */
export const quote = (text: string): string =>
  `"${text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 200)}"`
