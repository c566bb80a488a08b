import { expressionFault } from "../../../core/expression.ts"
import { text } from "../../../core/fields.ts"

/** A field for JMESPath, which is checked when it is saved. */
export const expressionField = (title: string, example: string, help: string) => text(title, { maxLength: 2_000, check: expressionFault, example, help })
