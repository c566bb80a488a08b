import { PlatformError } from "../../../core/errors.ts"
import type { HttpRequest } from "../../../core/http/request.ts"
import { isForm } from "./body-types.ts"

/** The request with these values in its query or body; in JSON, a name may be a JSON pointer (RFC 6901). */
export function withValues(request: HttpRequest, place: "query" | "body", values: readonly [string, string | number][]): HttpRequest {
  if (place === "query") {
    const url = new URL(request.url)
    for (const [name, value] of values) url.searchParams.set(name, String(value))
    return { ...request, url }
  }
  const text = typeof request.body === "string" ? request.body : undefined
  if (isForm(request.headers["content-type"] ?? "")) {
    const form = new URLSearchParams(text ?? "")
    for (const [name, value] of values) form.set(name, String(value))
    return { ...request, body: form.toString() }
  }
  const body = objectIn(text ?? "{}")
  for (const [name, value] of values) setIn(body, name, value)
  return { ...request, headers: { "content-type": "application/json", ...request.headers }, body: JSON.stringify(body) }
}

/** Sets a member by its name or pointer; missing objects on the path are created. */
function setIn(body: Record<string, unknown>, name: string, value: string | number): void {
  const path = name.startsWith("/")
    ? name
        .slice(1)
        .split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    : [name]
  let inner = body
  for (const part of path.slice(0, -1)) {
    const next = Object.hasOwn(inner, part) ? inner[part] : undefined
    inner[part] = next === undefined || next === null ? {} : next
    if (!isObject(inner[part]))
      throw new PlatformError("config_invalid", `The body has no object at ${part} on the way to ${name}, so the position cannot be set there; correct Paging.`)
    inner = inner[part]
  }
  inner[path.at(-1) ?? name] = value
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value)

interface RawJson {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (name: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/** Parses a JSON object; its numbers keep their digits. */
function objectIn(text: string): Record<string, unknown> {
  const json = JSON as unknown as RawJson
  const value = json.parse(text, (_, each, { source }) => (typeof each === "number" && source !== undefined ? json.rawJSON(source) : each))
  if (isObject(value)) return value
  throw new PlatformError("config_invalid", "The body is not a JSON object, so the position cannot be set in it; send it in the query.")
}
