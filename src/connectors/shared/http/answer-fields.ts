import { optional, text } from "../../../core/fields.ts"
import { charsetFault } from "./charset.ts"
import { expressionField } from "./expression-field.ts"
import { byStatus, byStatuses, type Judge, statusesFault } from "./statuses.ts"

/** Which answers are a success, and how their text is read, where the config says it. */
export const answerFields = {
  success: optional(
    expressionField(
      "Successful when",
      "status == 'ok'",
      "JMESPath over the answer's JSON. An answer for which it is not true is a failure, whatever its status.",
    ),
  ),
  successStatuses: optional(
    text("Success statuses", { check: statusesFault, example: "200-299, 404", help: "Default: 200-299. A listed status is never a failure." }),
  ),
  charset: optional(
    text("Charset", {
      maxLength: 40,
      check: charsetFault,
      example: "windows-1252",
      help: "For answers that do not name their character set, or name a wrong one.",
    }),
  ),
}

/** Judges answers by the statuses of success that the config lists. */
export const judgeBy = (successStatuses: string | undefined): Judge => (successStatuses ? byStatuses(successStatuses) : byStatus)
