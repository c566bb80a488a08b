import { PassThrough } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import type { TestOptions } from "../hub/connectors/connector-tests.ts"
import type { TestReport as Report } from "../hub/probes/probe.ts"
import { errorLine } from "./problem.ts"
import { callerSignal } from "./request.ts"
import { type Sent, sendStream } from "./sending.ts"

/** How the document describes the lines of a test. */
export const REPORT_LINES = {
  "application/x-ndjson":
    'A line `{"stage": Stage}` for each stage as it ends, then `{"report": TestReport}`, or `{"$error": Problem}` when the test itself fails',
} as const

/** One JSON report; or, to a caller who accepts NDJSON, a line per stage as it ends and the report as the last line. */
export async function answerTest(
  request: FastifyRequest,
  reply: FastifyReply,
  given: { readonly timeoutMs?: number },
  run: (options: TestOptions) => Promise<Report>,
): Promise<Report | Sent> {
  const options = { signal: callerSignal(reply), ...(given.timeoutMs === undefined ? {} : { timeoutMs: given.timeoutMs }) }
  if (request.answerType !== "application/x-ndjson") return run(options)
  const lines = new PassThrough()
  const write = (line: object): void => void lines.write(`${JSON.stringify(line)}\n`)
  // What is wrong with the request itself is still a plain error: the answer starts with the first stage.
  let started: () => void = () => undefined
  const first = new Promise<void>((resolve) => {
    started = resolve
  })
  const done = run({
    ...options,
    onStage: (stage) => {
      write({ stage })
      started()
    },
  })
  await Promise.race([first, done])
  void done
    .then(
      (finished) => write({ report: finished }),
      (error: unknown) => void lines.write(errorLine(request, error)),
    )
    .finally(() => lines.end())
  return sendStream(reply, "application/x-ndjson", lines)
}
