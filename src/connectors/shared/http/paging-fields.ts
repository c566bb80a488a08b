import { type Config, choice, integer, optional, text, variant } from "../../../core/fields.ts"
import { expressionField } from "./expression-field.ts"

const name = (title: string, example: string) => text(title, { maxLength: 256, example })
const place = choice("Sent in", ["query", "body"], {
  default: "query",
  help: "A query parameter, or a field of the JSON body: its name, or a JSON pointer such as /variables/after.",
})
const size = optional(integer("Records a page", { min: 1, max: 100_000, help: "Sent in the size parameter. A page may have fewer." }))
const total = optional(
  expressionField(
    "Total",
    "meta.total",
    "JMESPath to the number of all records in the answer: saves the request for the empty page at the end, and makes fewer records an error.",
  ),
)
const most = integer("Most pages", { min: 1, max: 10_000, default: 100, help: "A call that needs more pages fails, so that an endless loop of pages stops." })

/** How to request the next page of an API that returns pages. */
export const pagingField = variant(
  "Paging",
  {
    none: { title: "One answer holds all", fields: {} },
    page: {
      title: "By page number",
      fields: {
        parameter: name("Page parameter", "page"),
        start: integer("First page", { min: 0, max: 1_000_000, default: 1 }),
        sizeParameter: optional(name("Size parameter", "per_page")),
        size,
        total,
        place,
        maxPages: most,
      },
    },
    offset: {
      title: "By offset",
      fields: {
        parameter: name("Offset parameter", "offset"),
        start: integer("First offset", { min: 0, max: 1_000_000, default: 0 }),
        sizeParameter: optional(name("Size parameter", "limit")),
        size,
        total,
        place,
        maxPages: most,
      },
    },
    cursor: {
      title: "By a cursor in the answer",
      fields: {
        parameter: name("Cursor parameter", "cursor"),
        cursor: expressionField("Where the answer has it", "meta.next_cursor", "JMESPath; a null or empty result means the last page."),
        place,
        maxPages: most,
      },
    },
    link: {
      title: "By the next page's address",
      fields: {
        next: optional(
          expressionField("Where the answer has it", "links.next", "JMESPath; by default, the Link header (rel=next). The address must be on the URL's host."),
        ),
        maxPages: most,
      },
    },
  },
  { default: "none", help: "Pages are requested one after the other, each under the connector's limits, and joined to one list of records." },
)

export type Paging = Config<{ paging: typeof pagingField }>["paging"]
