import { PlatformError } from "../core/errors.ts"
import { clip } from "../core/expression.ts"
import { ANSWER_MS, RENDER_MS, type Work } from "./messages.ts"

/** The heap of one process, in MiB. */
export const HEAP_MB = 192

/** The error of work that took as long as work of its kind may; `doing` says what did not end. */
export const late = (work: Work, doing: string): PlatformError =>
  work.kind === "template"
    ? refused(`takes longer than ${RENDER_MS} ms`)
    : tooLarge(`${capital(doing)} took longer than ${ANSWER_MS / 1000} s; simplify the expression, or ask for less at a time.`)

/** The error of work that the deadline of its call ended, or that waited until then; `doing` says what did not end, if it is known. */
export const tooLate = (work: Work, doing = ""): PlatformError =>
  new PlatformError(
    "timed_out",
    `The deadline of the call passed while the hub was ${doing || naming(work)}; allow more time, or ${work.kind === "template" ? "make the template simpler" : "ask for less"}.`,
  )

/** The error of work whose process had to be ended from outside. */
export const killed = (work: Work): PlatformError =>
  work.kind === "template"
    ? refused("did not end and was stopped")
    : tooLarge(`The hub was ${naming(work)}, which did not end and was stopped; ask for less at a time.`)

/** The error of work whose process ended by itself. */
export const crashed = (work: Work): PlatformError =>
  work.kind === "template"
    ? refused(`takes more than ${HEAP_MB} MB of memory`)
    : tooLarge(`The hub was ${naming(work)}, which takes more than ${HEAP_MB} MB of memory; ask for less at a time.`)

/** The error of work whose caller went away, or whose deadline passed. */
export const stopped = (reason: unknown): PlatformError =>
  reason instanceof PlatformError ? reason : new PlatformError("cancelled", "The caller disconnected, so the work was stopped; call again.", { cause: reason })

export const stopping = (): PlatformError => new PlatformError("cancelled", "The hub is stopping; call again.")

export const cannotStart = (cause: unknown): PlatformError =>
  new PlatformError("internal", "The hub cannot start a process to fill templates and evaluate answers; the log has the cause.", { cause })

const refused = (what: string): PlatformError => new PlatformError("query_invalid", `The template ${what}; correct the template or the inputs.`)

const tooLarge = (message: string): PlatformError => new PlatformError("response_too_large", message)

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function naming(work: Work): string {
  if (work.kind === "template") return `filling the template ${clip(work.template.replace(/\s+/g, " ").slice(0, 100))}`
  const { success, records, next, total, order } = work.plan
  const expressions = [success, records, next, total, order].flatMap((text) => (text === undefined ? [] : [clip(text)]))
  return expressions.length === 0 ? "reading the answer" : `reading the answer by ${expressions.join(", ")}`
}
