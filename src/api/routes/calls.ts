import type { FastifyRequest } from "fastify"
import { EncodedRecords } from "../../core/encoded-records.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Row } from "../../core/values.ts"
import { noteCall } from "../../hub/audit/audit-notes.ts"
import { recordLines } from "../../hub/base/encode.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { CallRequest, CallStream } from "../../runs/calls.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation, type Services } from "../operation.ts"
import { errorLine } from "../problem.ts"
import { callerSignal } from "../request.ts"
import { ConnectorRef } from "../schemas/basics.ts"
import { CallInput, CallParameters, CallResult } from "../schemas/calls.ts"
import { begun, sendBytes, sendTexts } from "../sending.ts"

/** Single requests through a connector, and the parameters that they take. */
export const callOperations: readonly Operation[] = [
  operation(
    {
      id: "callConnector",
      method: "POST",
      path: "/v1/connectors/{id}/call",
      tag: "calls",
      access: "use",
      scoped: true,
      repeat: "never",
      summary: "Make one request through an HTTP connector",
      params: ConnectorRef,
      body: CallInput,
      examples: { "Show the request, send nothing": { dryRun: true } },
      answer: CallResult,
      media: {
        "application/x-ndjson":
          'One record per line, page by page as they arrive, without a limit in all. A call that fails in between ends with a line `{"$error": Problem}`. There is no line about the call itself, so that every other line is a record; the audit has the number of its requests. Where secrets of the connector were hidden, because the far side repeats them, the last line is `{"$hidden": n}`. A field named `$error` or `$hidden` has one more `$`. With `dryRun`: one line, the request.',
      },
    },
    async (request, reply, hub) => {
      const by = principalOf(request)
      const { input = {}, dryRun, timeoutMs } = request.body
      const { id } = request.params
      const lines = request.answerType === "application/x-ndjson"
      const one = { input, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
      if (dryRun === true) {
        const shown = await hub.calls.dryRun(by, id, input)
        return lines ? sendTexts(request, reply, request.answerType, oneLine(shown)) : shown
      }
      if (lines) {
        const { pages, sent } = hub.calls.stream(by, id, one, callerSignal(reply))
        return sendTexts(request, reply, request.answerType, linesOf(await begun(noted(hub, by, id, one, { pages, sent })), sent, request))
      }
      try {
        const { output, ...facts } = await hub.calls.call(by, id, one, callerSignal(reply))
        await noteCall(hub, by, id, Object.keys(input), { requests: facts.requests })
        return output instanceof EncodedRecords ? sendBytes(reply, request.answerType, bodyOf(output, facts)) : { output, ...facts }
      } catch (error) {
        await noteFailed(hub, by, id, input, error)
        throw error
      }
    },
  ),
  operation(
    {
      id: "getCallParameters",
      method: "GET",
      path: "/v1/connectors/{id}/inputs",
      tag: "calls",
      access: "viewer",
      scoped: true,
      summary: "List the parameters that a call of an HTTP connector takes",
      params: ConnectorRef,
      answer: CallParameters,
    },
    async (request, _reply, { calls }) => calls.inputs(principalOf(request), request.params.id),
  ),
]

/** The records of a call page by page. Its end is noted in the audit: whole, failed, or left by the caller. */
async function* noted(
  hub: Services,
  by: Principal,
  id: string,
  one: CallRequest,
  { pages, sent }: CallStream,
): AsyncGenerator<readonly Row[] | EncodedRecords> {
  let over = false
  try {
    yield* pages
    over = true
    await noteCall(hub, by, id, Object.keys(one.input), { requests: sent.requests })
  } catch (error) {
    over = true
    await noteFailed(hub, by, id, one.input, error)
    throw error
  } finally {
    if (!over) await noteCall(hub, by, id, Object.keys(one.input), { code: "cancelled" })
  }
}

async function noteFailed(hub: Services, by: Principal, id: string, input: Row, error: unknown): Promise<void> {
  const code = error instanceof PlatformError ? error.code : "internal"
  // A connector that does not exist was not called.
  if (code !== "not_found") await noteCall(hub, by, id, Object.keys(input), { code })
}

async function* linesOf(
  pages: AsyncIterable<readonly Row[] | EncodedRecords>,
  sent: CallStream["sent"],
  request: FastifyRequest,
): AsyncGenerator<string | Buffer> {
  let given = false
  try {
    for await (const records of pages) {
      if (records.length === 0) continue
      given = true
      yield records instanceof EncodedRecords ? records.bytes : recordLines(records)
    }
    if (sent.hidden !== undefined) yield `${JSON.stringify({ $hidden: sent.hidden })}\n`
  } catch (error) {
    // Pages without records may come first: until a record was given, a failure is an ordinary error.
    if (!given) throw error
    yield errorLine(request, error)
  }
}

/** The answer with its output as it was encoded, so that it is not encoded again. */
function bodyOf({ bytes, single }: EncodedRecords, facts: object): Buffer {
  const [before, after] = single ? ['{"output":', ","] : ['{"output":[', "],"]
  return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after + JSON.stringify(facts).slice(1))])
}

async function* oneLine(value: object): AsyncGenerator<string> {
  yield `${JSON.stringify(value)}\n`
}
