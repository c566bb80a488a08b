import type { Dispatcher } from "undici"
import type { PlatformError } from "../../../core/errors.ts"
import { giveUp } from "../../../core/http/body.ts"
import { explained } from "../../../core/http/errors.ts"
import { exchange, type Follows, type OpenAnswer, readAnswer } from "../../../core/http/exchange.ts"
import { piecesOf } from "../../../core/http/pieces.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import { retrying } from "../../../core/retry.ts"
import type { Value } from "../../../core/values.ts"
import { jsonOf } from "./answers.ts"
import { type HttpAuth, noAuth } from "./auth.ts"
import type { HttpCall } from "./call.ts"
import { type Meter, meterOf } from "./meter.ts"
import { carriesCredentials, judgedRefusal } from "./refusals.ts"
import { type HttpRetries, NO_RETRIES, retriesOf } from "./retry.ts"
import { byStatus } from "./statuses.ts"

export interface HttpOptions {
  /** None by default. */
  readonly auth?: HttpAuth
  /** The maximum number of bytes of an answer after decompression; 10 MiB by default. An open answer has no limit. */
  readonly maxBytes?: number
  /** If true, a longer answer is cut at `maxBytes`; otherwise it is `response_too_large`. */
  readonly cut?: boolean
  /** If false, a redirect is an answer like any other. By default, all redirects are followed. */
  readonly redirects?: Follows
  /** None by default. */
  readonly retries?: HttpRetries
  /** Returns the error for an answer that is not a success, else undefined; judges by the status by default. */
  judge?(answer: HttpAnswer, call: HttpCall): PlatformError | undefined
}

/** A successful answer with its body as a stream, not decompressed. The reader must read it to the end, leave the loop, or close it. */
export interface StreamedAnswer extends Omit<HttpAnswer, "body"> {
  /** Can be read once. */
  readonly body: AsyncIterable<Buffer>
  /** Closes a body that is not read. */
  close(): void
}

/** The client for everything that uses HTTP. It adds credentials, retries, limits and metrics to every request; a failure is a PlatformError. */
export interface HttpClient {
  /** The whole answer. */
  send(request: HttpRequest, call: HttpCall): Promise<HttpAnswer>
  /** The answer with an unread body, for files and NDJSON. A status of 200 to 299 is a success; any other answer is read and judged. */
  open(request: HttpRequest, call: HttpCall): Promise<StreamedAnswer>
  /** The answer; the body of a success is not read. */
  head(request: HttpRequest, call: HttpCall): Promise<HttpAnswer>
  /** The answer's body, which must be JSON. */
  json(request: HttpRequest, call: HttpCall): Promise<Value>
  /** The same client with other options. */
  with(options: HttpOptions): HttpClient
}

const MAX_BYTES = 10 * 1_048_576
/** The number of bytes of a failure that are read for its message. */
const FAILURE_BYTES = 65_536

/** An answer, and the request as it was sent. */
interface Proven<A> {
  readonly answer: A
  readonly signed: HttpRequest
}

type Read<A> = (request: HttpRequest, answer: OpenAnswer, meter: Meter, call: HttpCall) => Promise<A>

/** A client over a lease's dispatcher. */
export function httpClient(dispatcher: Dispatcher, options: HttpOptions = {}): HttpClient {
  const { auth = noAuth, maxBytes = MAX_BYTES, cut = false, redirects = true, retries = NO_RETRIES, judge = byStatus } = options

  const once = async <A>(request: HttpRequest, call: HttpCall, read: Read<A>): Promise<A> => {
    const meter = meterOf(request, call)
    try {
      const answer = await exchange(request, { dispatcher, signal: call.signal, redirects })
      meter.answered(answer.status)
      return await read(request, answer, meter, call)
    } catch (error) {
      meter.end(true)
      throw error
    }
  }

  /** The answer to the request with credentials; refused credentials are renewed once if possible. */
  const proven = async <A extends HttpAnswer | StreamedAnswer>(request: HttpRequest, call: HttpCall, read: Read<A>): Promise<Proven<A>> => {
    const signed = await auth.sign(request, call)
    const answer = await once(signed, call, read)
    const { status } = answer
    const refused = auth.refuses?.(isWhole(answer) ? answer : { status }) ?? status === 401
    const again = refused ? await auth.renew?.(signed, call) : undefined
    if (again === undefined) return { answer, signed }
    await call.turn?.(String(answer.status))
    return { answer: await once(again, call, read), signed: again }
  }

  const whole: Read<HttpAnswer> = async (request, answer, meter, { answerRoom }) => {
    const room = answerRoom === undefined ? {} : { room: () => answerRoom.need() }
    const read = await readAnswer(request, answer, { maxBytes, cut, count: meter.received, ...room })
    meter.end()
    return read
  }

  const unread: Read<HttpAnswer | StreamedAnswer> = async (request, answer, meter) => {
    if (answer.status >= 200 && answer.status <= 299) return streamed(answer, meter)
    const read = await readAnswer(request, answer, { maxBytes: FAILURE_BYTES, cut: true, count: meter.received })
    meter.end()
    return read
  }

  const tried = <A extends HttpAnswer | StreamedAnswer>(request: HttpRequest, call: HttpCall, read: Read<A>): Promise<A> =>
    retrying(
      async () => {
        const { answer, signed } = await proven(request, call, read)
        const wrong = isWhole(answer) ? judge(answer, call) : undefined
        if (wrong !== undefined) throw judgedRefusal(wrong, signed, answer, auth !== noAuth || carriesCredentials(signed))
        return answer
      },
      retriesOf(retries, request, call),
    )

  const send = (request: HttpRequest, call: HttpCall): Promise<HttpAnswer> => tried(request, call, whole)
  return {
    send,
    async open(request, call) {
      const answer = await tried(request, call, unread)
      return isWhole(answer) ? { ...answer, body: pieces([answer.body]), close: () => undefined } : answer
    },
    async head(request, call) {
      const answer = await tried(request, call, unread)
      if (isWhole(answer)) return answer
      answer.close()
      return { ...answer, body: Buffer.alloc(0) }
    },
    json: async (request, call) => jsonOf(await send(request, call)),
    with: (more) => httpClient(dispatcher, { ...options, ...more }),
  }
}

const isWhole = (answer: HttpAnswer | StreamedAnswer): answer is HttpAnswer => Buffer.isBuffer(answer.body)

async function* pieces(body: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* body
}

/** The body as it arrives. Its errors are PlatformErrors; if the reader leaves early, the body is closed. */
function streamed({ body, ...answer }: OpenAnswer, meter: Meter): StreamedAnswer {
  async function* read(): AsyncGenerator<Buffer> {
    let whole = false
    try {
      for await (const piece of piecesOf(body)) {
        meter.received(piece.length)
        yield piece
      }
      whole = true
    } catch (error) {
      throw explained(error)
    } finally {
      close(!whole)
    }
  }
  const close = (early = true): void => {
    if (early) giveUp(body)
    meter.end(early)
  }
  return { ...answer, body: read(), close }
}
