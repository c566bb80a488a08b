import type { AnswerParts, AnswerPlan, EncodedAnswer } from "../core/answer-plan.ts"
import type { TemplatePlace } from "../core/call.ts"
import type { EncodedRecords } from "../core/encoded-records.ts"
import type { ErrorCode } from "../core/errors.ts"

/** The time limit of one rendering, in milliseconds, from when a worker begins with it. */
export const RENDER_MS = 200
/** The time limit of one answer's evaluation, in milliseconds, from when a worker begins with it. */
export const ANSWER_MS = 3_000

/** One template to fill. */
export interface TemplateWork {
  readonly kind: "template"
  readonly template: string
  readonly values: Readonly<Record<string, unknown>>
  readonly most: number
  readonly place: TemplatePlace
}

/** One answer of a remote system to parse, evaluate and encode. */
export interface AnswerWork {
  readonly kind: "answer"
  readonly answer: AnswerParts
  readonly plan: AnswerPlan
  readonly form: EncodedRecords["form"]
}

export type Work = TemplateWork | AnswerWork

/** The evaluator's message to a worker. `limitMs` is the shorter of the kind's own limit and what the call's deadline leaves. */
export interface Order {
  readonly work: Work
  readonly limitMs: number
}

/** The result of an evaluation without its class, which a message between processes does not keep. */
export type PlainAnswer = Omit<EncodedAnswer, "rows"> & { readonly rows: Pick<EncodedRecords, "form" | "bytes" | "length" | "single"> }

/** The worker's message to the evaluator; `"ready"` once, before all others. `late` names what did not end in time. */
export type Done =
  | "ready"
  | { readonly text: string }
  | { readonly found: PlainAnswer | undefined }
  | { readonly fault: string }
  | { readonly late: string }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: Readonly<Record<string, unknown>> } }
