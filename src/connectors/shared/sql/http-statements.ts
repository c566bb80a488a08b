import type { Call } from "../../../core/call.ts"
import type { Lease } from "../../../core/lease.ts"
import type { HttpCall } from "../http/call.ts"
import { type Ask, type Body, type HttpApi, httpApi } from "./http-api.ts"
import { type Progress, type StatementApi, type Submission, wireOver } from "./statements.ts"
import type { SqlWire } from "./wire.ts"

/** The requests of one warehouse's statement API, and how their responses are read. `H` identifies the next request. A refusal that comes with a status of success is thrown by `progress`. */
export interface HttpStatements<B, H> extends HttpApi {
  submit(statement: Submission<B>): Ask
  /** See `StatementApi.known`. */
  known?(statement: Submission<B>): H | undefined
  next(from: H): Ask
  cancel(handle: H): Ask
  /** `from` is absent for the answer of a submission. */
  progress(body: Body, status: number, from: H | undefined, via: Via): Progress<H>
  readonly pollMs?: StatementApi<B, H>["pollMs"]
}

/** The call that an answer was asked for, and further requests of it. */
export interface Via {
  readonly call: Call
  ask(ask: Ask): Promise<Body>
}

/** A wire, and single requests to the API beside its statements. */
export interface HttpWire<B> extends SqlWire<B> {
  ask(ask: Ask, call: HttpCall): Promise<Body>
}

/** A wire over a statement API on HTTP: requests are repeated where they may be, and a cut-off cancels over a socket of its own. */
export function httpStatements<B, H>(how: HttpStatements<B, H>, lease: Lease): HttpWire<B> {
  const { send, ask, last } = httpApi(how, lease)
  const via = (call: Call): Via => ({ call, ask: (one) => ask(one, call) })
  const api: StatementApi<B, H> = {
    ...(how.pollMs === undefined ? {} : { pollMs: how.pollMs }),
    ...(how.known === undefined ? {} : { known: how.known }),
    async submit(statement, call) {
      const { body, status } = await send(how.submit(statement), call, statement.quick ? call.signal : new AbortController().signal)
      return how.progress(body, status, undefined, via(call))
    },
    async next(from, call) {
      const { body, status } = await send(how.next(from), call)
      return how.progress(body, status, from, via(call))
    },
    cancel: (handle, dial) => last(how.cancel(handle), dial),
  }
  return { ...wireOver(api, lease), ask }
}
