import { randomUUID } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpRequest } from "../../../core/http/request.ts"
import type { Column, Value } from "../../../core/values.ts"
import type { HttpClient } from "../http/client.ts"
import { type Progress, pagesOf, type Submission } from "./statements.ts"
import type { SqlWire } from "./wire.ts"

/** One JSON message of an answer. */
export interface LineMessage {
  readonly columns?: readonly Column[]
  readonly rows?: readonly (readonly Value[])[]
  /** The result is complete. An answer that ends without it was cut. */
  readonly complete?: boolean
}

/** A system that answers a statement with JSON messages, each of which ends with its line. */
export interface HttpLines<B> {
  /** The system's name in messages. */
  readonly product: string
  readonly client: HttpClient
  /** The request of a statement; may make others first. */
  request(statement: Submission<B>, call: Call): Promise<HttpRequest>
  /** What reads the messages of one answer; it throws a refusal, and `SyntaxError` for text that is no JSON, or not all of it. */
  reader(): (text: string) => LineMessage
}

const MESSAGE_MAX = 64 * 1_048_576
/** The most that may come without a row. */
const QUIET_MAX = 128 * 1_048_576

/** A wire over such a system. Rows are read as they are consumed, and the answer is closed when the consumer stops. `quick`: every statement reads metadata alone. */
export function linesWire<B>(how: HttpLines<B>, quick = false): SqlWire<B> {
  const sent = (sql: string, params: readonly B[], maxRows: number | undefined, timeoutMs: number, call: Call, alone = quick, large = false) =>
    messages(how, { id: randomUUID(), sql, params, maxRows, quick: alone, large, timeoutMs }, call)
  return {
    // A statement lasts as long as its rows are read.
    pages: (sql, params, limits, call) => pagesOf<never>(sent(sql, params, limits.maxRows, call.longestMs(), call, quick, true), limits),
    run: async (sql, params, call, alone) => {
      const all: (readonly Value[])[] = []
      let columns: readonly Column[] = []
      for await (const message of sent(sql, params, undefined, call.remainingMs(), call, quick || alone)) {
        columns = message.columns ?? columns
        for (const row of message.rows ?? []) all.push(row)
      }
      return { columns, rows: all, touched: 0 }
    },
    close: () => Promise.resolve(),
  }
}

async function* messages<B>({ product, client, request, reader }: HttpLines<B>, statement: Submission<B>, call: Call): AsyncGenerator<Progress<never>> {
  const answer = await client.open(await request(statement, call), call)
  const [message, decoder] = [reader(), new TextDecoder()]
  let [text, quiet, complete] = ["", 0, false]
  const read = (some: string): LineMessage | undefined => {
    try {
      return some.trim() === "" ? {} : message(some)
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      throw error
    }
  }
  try {
    for await (const chunk of answer.body) {
      quiet += chunk.length
      if (quiet > QUIET_MAX)
        throw new PlatformError("response_invalid", `${product} sends data without end and no row; check for a proxy between it and the hub.`)
      const lines = decoder.decode(chunk, { stream: true }).split("\n")
      for (const [at, line] of lines.entries()) {
        text += line
        if (text.length > MESSAGE_MAX)
          throw new PlatformError("response_too_large", `${product} sends a message of more than ${MESSAGE_MAX / 1_048_576} MiB; ask for less.`)
        // A line that is no message by itself goes on in the next one.
        const found = at < lines.length - 1 ? read(text) : undefined
        if (found === undefined) continue
        text = ""
        complete ||= found.complete === true
        if ((found.rows?.length ?? 0) > 0) quiet = 0
        if (found.columns !== undefined || found.rows !== undefined) yield found
      }
    }
    text += decoder.decode()
    const last = read(text)
    if (last === undefined)
      throw new PlatformError("response_invalid", `${product}'s answer is not in its documented form; check for a proxy between it and the hub.`)
    if (last.columns !== undefined || last.rows !== undefined) yield last
    if (!complete && last.complete !== true) throw new PlatformError("connection_lost", `${product}'s answer ended before the result was complete; try again.`)
  } finally {
    answer.close()
  }
}
