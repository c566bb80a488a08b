import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"

/**
 * For each of `count` records that a request sent, why the answer rejects it: `{ "rejected": [{ "index": 0, "reason": "…" }] }`. Any other answer
 * rejects none. `response_invalid` if it cannot be told which records are meant, or if the answer was cut at `maxBytes`.
 */
export function rejectedRecords({ body, headers, url }: HttpAnswer, count: number, maxBytes: number, call: HttpCall): readonly (string | undefined)[] {
  const reasons = Array.from<string | undefined>({ length: count })
  if (!/\bjson\b/i.test(headers["content-type"] ?? "")) return reasons
  const unclear = (what: string) =>
    new PlatformError("response_invalid", `${url.origin} answers with ${what}, so which records it took is not known; correct what the receiver answers.`)
  if (body.length >= maxBytes) throw unclear(`more than ${maxBytes / 1_024} KiB of JSON`)
  for (const each of listIn(body.toString())) {
    const { index, reason = "no reason" } = Object(each) as { index?: unknown; reason?: unknown }
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count)
      throw unclear("an entry of `rejected` that has the index of none of the records")
    const text = typeof reason === "string" ? reason : JSON.stringify(reason)
    reasons[index] = `The receiver rejects the row: ${call.scrub?.(text, 300) ?? text.slice(0, 300)}`
  }
  return reasons
}

function listIn(text: string): readonly unknown[] {
  try {
    const { rejected } = Object(JSON.parse(text)) as { rejected?: unknown }
    return Array.isArray(rejected) ? rejected : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
