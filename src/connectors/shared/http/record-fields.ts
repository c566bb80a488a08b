import { optional, text, variant } from "../../../core/fields.ts"
import { expressionField } from "./expression-field.ts"

/** Where the records of a resource are, what tells them apart, and how new ones are asked for, where the config says it. */
export const recordFields = {
  records: optional(
    expressionField(
      "Records",
      "data.items",
      "JMESPath to the records in the answer's JSON, a list or one object. Without it the whole answer is the record, or its list of them.",
    ),
  ),
  key: optional(text("Key", { example: "id", help: "The members that tell one record from another, separated by commas; for reading the URL as a stream." })),
  since: variant(
    "New records",
    {
      none: { title: "Cannot be asked for", fields: {} },
      parameter: {
        title: "By a query parameter",
        fields: {
          parameter: text("Parameter", { maxLength: 256, example: "updated_since", help: "The API answers with records from its value on." }),
          column: expressionField(
            "Where a record has the value",
            "updated_at",
            "A member's name, or JMESPath over the record; a number, or a time in ISO 8601.",
          ),
        },
      },
    },
    { default: "none", help: "Lets the stream be read incrementally." },
  ),
}

/** The members that `key` names. */
export const keyIn = (key: string | undefined): string[] => (key ?? "").split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]))
