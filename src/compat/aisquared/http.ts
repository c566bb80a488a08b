import { expressionFault } from "../../core/expression.ts"
import { hiddenSecrets } from "../hidden-secrets.ts"
import { isGiven, type Row } from "../mapping.ts"
import { mustBeText, valuesByName } from "../values.ts"
import { type Definition, MASK } from "./definition.ts"

/** Posts rows to a URL. The connector's other fields keep their values. */
export const httpDestination: Definition = {
  name: "Http",
  side: "destination",
  type: "http",
  rows: [
    { theirs: "/destination_url", ours: "/url", required: true },
    { theirs: "/headers", ours: "/headers", ...valuesByName(MASK) },
  ],
  initial: { method: "POST" },
}

const oneOf = (...allowed: readonly string[]): Pick<Row, "check"> => ({
  check: (value) => (typeof value === "string" && allowed.includes(value) ? undefined : `must be ${allowed.join(" or ")}.`),
})

const sentText = (name: string): Row => ({ theirs: `/${name}`, check: mustBeText })

/** The paging keys are shown as they were sent; the hub uses those that it needs to page and to find records. */
export const httpSource: Definition = {
  name: "Http",
  side: "source",
  type: "http",
  rows: [
    {
      theirs: ["/base_url", "/path"],
      ours: "/url",
      required: true,
      check: (base, path) => (typeof base === "string" && (!isGiven(path) || typeof path === "string") ? undefined : "must be text, and so must path."),
      read: (base, path) => `${base}${isGiven(path) ? path : ""}`,
      write: (url) => (typeof url === "string" ? cut(url) : undefined),
    },
    { theirs: "/http_method", ours: "/method", required: true, ...oneOf("POST", "GET") },
    { theirs: "/headers", ours: "/headers", ...valuesByName(MASK) },
    { theirs: "/params", ours: "/parameters", ...valuesByName(MASK) },
    { theirs: "/request_format", ours: "/bodyTemplate", check: formatFault },
    { theirs: "/increment_type", required: true, ...oneOf("Page", "Offset"), write: () => "Page" },
    ...["sample_query", "parse_response", "offset_param", "limit_param", "page_size", "page_start"].map(sentText),
    {
      theirs: ["/increment_type", "/offset_param", "/limit_param", "/page_size", "/page_start"],
      ours: "/paging",
      oneWay: true,
      read: pagingOf,
    },
    { theirs: "/parse_response", ours: "/records", oneWay: true, read: recordsAt },
  ],
}

const wholeOf = (value: unknown): number | undefined => (typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) : undefined)

/** The paging of the keys; there is none without a parameter, even if increment_type is set. */
function pagingOf(increment: unknown, parameter: unknown, limit: unknown, size: unknown, start: unknown): unknown {
  if (!isGiven(parameter)) return undefined
  const sized = isGiven(limit) && (wholeOf(size) ?? 0) > 0 ? { sizeParameter: limit, size: wholeOf(size) } : {}
  const from = wholeOf(start)
  return { kind: increment === "Page" ? "page" : "offset", parameter, ...sized, ...(from === undefined ? {} : { start: from }) }
}

/** Translates a JSONPath to JMESPath. The path may have only names, and `[*]` at its end: `$.data.items[*]`. */
function recordsAt(path: unknown): string | undefined {
  const names = /^\$((?:\.[A-Za-z_]\w*)+)(?:\[\*\])?$/.exec(String(path).trim())?.[1]
  const records = names?.slice(1)
  return records === undefined || expressionFault(records) !== undefined ? undefined : records
}

/** Checks a JSON text. It must not contain credentials, because the hub could not encrypt them there. */
function formatFault(format: unknown): string | undefined {
  const fault = "must be a JSON text without credentials; send those in headers."
  if (typeof format !== "string") return fault
  try {
    return hiddenSecrets("request_format", JSON.parse(format) as unknown).length > 0 ? fault : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return fault
    throw error
  }
}

/** Splits a URL at the start of its path. */
function cut(url: string): [base: string, path: string] {
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  return slash < 0 ? [url, ""] : [url.slice(0, slash), url.slice(slash)]
}
