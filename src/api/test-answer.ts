import { PassThrough } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import type { TestOptions } from "../hub/connectors/connector-tests.ts"
import type { TestReport as Report } from "../hub/probes/probe.ts"
import { asPlatformError, problemOf } from "./problem.ts"
import { callerSignal } from "./shapes.ts"

/** One JSON report; or, to a caller who accepts NDJSON, a line per stage as it ends and the report as the last line. */
export async function answerTest(
  request: FastifyRequest,
  reply: FastifyReply,
  given: { readonly timeoutMs?: number },
  run: (options: TestOptions) => Promise<Report>,
): Promise<never> {
  const options = { signal: callerSignal(reply), ...(given.timeoutMs === undefined ? {} : { timeoutMs: given.timeoutMs }) }
  if (!String(request.headers.accept ?? "").includes("application/x-ndjson")) return (await run(options)) as never
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
      (error: unknown) => write({ $error: problemOf(asPlatformError(error), request.id) }),
    )
    .finally(() => lines.end())
  return reply
    .type("application/x-ndjson")
    .serializer((payload: unknown) => payload as string)
    .send(lines) as never
}
