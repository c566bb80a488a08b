import type { Fault } from "../../../core/errors.ts"
import { bodyTypeFault } from "./body-types.ts"

type Plain = Readonly<Record<string, unknown>>

/**
 * The faults of a config whose fields are valid individually: a body, or a position in one, with a method that has none, or a Content-Type that the
 * body cannot have. Reads `method`, `body`, `bodyTemplate`, `headers` and `paging`; a type without one of them has no fault in it.
 */
export function contradictions(config: Plain): Fault[] {
  const { method = "GET", body, bodyTemplate, headers, paging } = config
  const without = method === "GET" || method === "HEAD"
  const page = without && isRow(paging) && paging["place"] === "body"
  if (page) return [{ pointer: "/paging/place", message: `Sent in may not be body: ${method} has none; send the position in the query.` }]
  const fields = Array.isArray(body) && body.length > 0
  const template = typeof bodyTemplate === "string" && bodyTemplate !== ""
  const from = template ? { name: "Body template", pointer: "/bodyTemplate" } : { name: "Body fields", pointer: "/body" }
  if (!fields && !template) return []
  if (without)
    return [{ pointer: from.pointer, message: `${from.name} cannot be sent with ${method}; choose another method, or send the values as query parameters.` }]
  const rows = Array.isArray(headers) ? (headers as readonly Plain[]) : []
  return rows.flatMap(({ name, value }, index): Fault[] => {
    if (typeof name !== "string" || typeof value !== "string" || value === "") return []
    const wrong = name.toLowerCase() === "content-type" ? bodyTypeFault(value) : undefined
    return wrong === undefined ? [] : [{ pointer: `/headers/${index}/value`, message: `${name} ${wrong}` }]
  })
}

const isRow = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value)
