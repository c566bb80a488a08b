import { setPriority } from "node:os"
import { Script } from "node:vm"
import { encoded } from "../connectors/shared/http/encoding.ts"
import { find } from "../connectors/shared/http/found.ts"
import { PlatformError } from "../core/errors.ts"
import { holdsMoreValues } from "../core/json-values.ts"
import { collectGarbage } from "./garbage.ts"
import type { AnswerWork, Done, Order, TemplateWork, Work } from "./messages.ts"
import { FillFault, fill } from "./templates/fill.ts"
import { type Compiled, compile, run } from "./templates/interpreter.ts"

const KEPT = 50
/** JSON values in an answer at most. */
const VALUES_MAX = 1_000_000
const ATTEMPTS = 4
const compiled = new Map<string, Compiled>()
/** What is being done, for the message when it does not end. */
let doing = ""

function ready(template: string): Compiled {
  const found = compiled.get(template)
  if (found !== undefined) return found
  const made = compile(template)
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value ?? "")
  compiled.set(template, made)
  return made
}

function filled({ template, values, most, place }: TemplateWork): Done {
  return { text: fill(run(ready(template), values), most, place) }
}

function evaluated({ answer: { status, headers, url, body }, plan, form }: AnswerWork): Done {
  const answer = { status, headers, url: new URL(url), body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }
  doing = "counting the values of the answer"
  if (holdsMoreValues(answer.body, VALUES_MAX))
    throw new PlatformError("response_too_large", `The answer holds more than ${VALUES_MAX.toLocaleString("en")} values; ask for less at a time.`)
  const found = find(answer, plan, (what) => {
    doing = what
  })
  doing = "encoding the records"
  return { found: found === undefined ? undefined : encoded(found, form) }
}

// A vm script can be stopped by a timer whatever it runs, so this process ends a runaway template or expression even if
// the hub is gone.
const TURN = new Script("jackfieldTurn()")

function inTime(work: Work, limitMs: number): Done {
  let done: Done = { fault: "gave nothing" }
  Object.assign(globalThis, {
    jackfieldTurn: () => {
      done = work.kind === "template" ? filled(work) : evaluated(work)
    },
  })
  for (let attempt = 1; ; attempt++) {
    const begun = process.cpuUsage()
    try {
      TURN.runInThisContext({ timeout: limitMs })
      return done
    } catch (error) {
      // On a busy machine the time may have passed without any processor time for this process; then it does not
      // count. Long work is not begun again.
      const { user, system } = process.cpuUsage(begun)
      if (!isTimeout(error) || work.kind === "answer" || attempt === ATTEMPTS || user + system > 750 * limitMs) throw error
    }
  }
}

const isTimeout = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"

function done({ work, limitMs }: Order): Done {
  try {
    return inTime(work, limitMs)
  } catch (error) {
    if (error instanceof FillFault) return { fault: error.message }
    if (error instanceof PlatformError) return { error: { code: error.code, message: error.message, details: error.details } }
    if (isTimeout(error)) return { late: work.kind === "template" ? "" : doing }
    if (work.kind === "answer") {
      // The longest text, or the end of the stack.
      if (error instanceof RangeError)
        return { error: { code: "response_too_large", message: `The answer is too large or nested too deeply for ${doing}; ask for less.`, details: {} } }
      return { error: { code: "response_invalid", message: `The answer cannot be read: ${doing} failed.`, details: {} } }
    }
    if (error instanceof RangeError) return { fault: "is nested too deeply, or makes a text that is too long" }
    return { fault: `fails: ${error instanceof Error ? error.message : "for an unknown reason"}` }
  }
}

// The process that serves everybody goes first.
setPriority(5)
// Only the hub ends this process: a signal to the whole process group must not interrupt work that the hub waits for.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined)
process.on("message", (order: Order) => {
  process.send?.(done(order))
  if (order.work.kind === "answer") collectGarbage()
})
process.on("disconnect", () => process.removeAllListeners())
process.send?.("ready" satisfies Done)
