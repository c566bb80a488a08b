import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { type Config, choice } from "../../../core/fields.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { HttpClient } from "./client.ts"
import { requestAt } from "./paging.ts"
import type { AnswerReading } from "./record-pages.ts"
import { uncertain } from "./refusals.ts"

/** Which request a test sends, for a type whose calls may do more than read. */
export const probeField = choice("Test request", ["get", "head", "head_first", "request"], {
  default: "get",
  help: "The request of a test: GET; HEAD alone, for a URL on which a GET triggers an action; HEAD, and GET unless HEAD succeeds; or the connector's own request without inputs, for a POST that changes nothing.",
})

/** The calls of a connector, as its test sees them. */
export interface ProbedCalls {
  /** The method of a call's request. */
  readonly method: string
  /** Whether a call must give inputs. */
  readonly open: boolean
  /** Whether inputs are parts of the path or query; a test requests only the part of the URL before them. */
  readonly templated: boolean
  /** How a call reads its answer. */
  readonly reading: AnswerReading
  /** The request of a call without inputs and body, by a method that changes nothing. */
  bare(method: "HEAD" | "GET"): HttpRequest
  /** The request of a call that gives no inputs. */
  own(): Promise<HttpRequest>
}

/** The answer to a test's request. `own`: a call without inputs sends the same request, so the answer is judged in the same way. */
export interface Probed {
  readonly method: string
  readonly answer: HttpAnswer
  readonly own: boolean
}

/** Sends the request that `choice` names. A failure of a request that is not a call's own leaves the connector in use. */
export async function probeBy(choice: Config<{ probe: typeof probeField }>["probe"], calls: ProbedCalls, http: HttpClient, call: Call): Promise<Probed> {
  const send = async (method: "HEAD" | "GET", limits: Call): Promise<Probed> => {
    const own = method === calls.method && !calls.templated && !calls.open
    try {
      if (own) return { method, answer: await http.send(requestAt(calls.bare(method), calls.reading.paging, undefined), limits), own }
      // A body that is not judged is not read, because it may be endless.
      const read = calls.reading.success === undefined ? http.head : http.send
      return { method, answer: await read(calls.bare(method), limits), own }
    } catch (error) {
      // A request that is not the connector's own may be refused although the credentials are right.
      throw !own && error instanceof PlatformError ? uncertain(error) : error
    }
  }
  if (choice === "request") return { method: calls.method, answer: await http.send(await calls.own(), call), own: true }
  if (choice !== "head_first") return await send(choice === "head" ? "HEAD" : "GET", call)
  const first = await headWithin(call.remainingMs() / 3, call, send)
  return first !== undefined && first.answer.status < 300 ? first : await send("GET", call)
}

/** The answer to HEAD; undefined if it fails or is late, because GET then decides. */
async function headWithin(ms: number, call: Call, send: (method: "HEAD", call: Call) => Promise<Probed>): Promise<Probed | undefined> {
  const late = AbortSignal.timeout(Math.max(1, Math.floor(ms)))
  try {
    return await send("HEAD", { ...call, signal: AbortSignal.any([call.signal, late]) })
  } catch (error) {
    if (late.aborted || error instanceof PlatformError) return undefined
    throw error
  }
}
