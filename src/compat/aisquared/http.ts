import { isMask } from "../../core/config.ts"
import { expressionFault } from "../../core/expression.ts"
import { hiddenSecrets } from "../hidden-secrets.ts"
import { unfit } from "./errors.ts"
import { given, isGiven, isSettings, type Kind, MASK, type Settings } from "./kind.ts"

/** `{ "X-Name": "value" }` as rows. */
function rowsOf(configuration: Settings, key: "headers" | "params"): { name: string; value: unknown }[] {
  const map = configuration[key]
  if (!isGiven(map)) return []
  if (!isSettings(map) || Object.values(map).some((value) => typeof value !== "string")) throw unfit(`${key} must be an object of texts by name.`)
  return Object.entries(map).map(([name, value]) => ({ name, value: value === MASK ? { set: true } : value }))
}

/** Rows as `{ name: value }`, secrets masked; undefined when there are none. */
function mapOf(rows: unknown): Settings | undefined {
  const found = Array.isArray(rows) ? rows.filter(isSettings) : []
  return found.length === 0 ? undefined : Object.fromEntries(found.map(({ name, value }) => [String(name), isMask(value) ? MASK : (value ?? "")]))
}

/** Posts rows to a URL. What a native connector has beyond URL and headers stays as it is. */
export const httpDestination: Kind = {
  name: "Http",
  side: "destination",
  native: "http",
  required: ["destination_url"],
  mapped: ["destination_url", "headers"],
  kept: {},
  toNative: (configuration, stored) => ({
    url: configuration["destination_url"],
    headers: rowsOf(configuration, "headers"),
    ...(stored === undefined ? { method: "POST" } : {}),
  }),
  toConfiguration: ({ url, headers }) => given({ destination_url: url, headers: mapOf(headers) }),
}

const METHODS: readonly unknown[] = ["POST", "GET"]
const INCREMENTS: readonly unknown[] = ["Page", "Offset"]

/** The paging keys are shown as they were sent; what of them the hub can page by and find records with, it does. */
export const httpSource: Kind = {
  name: "Http",
  side: "source",
  native: "http",
  required: ["increment_type", "base_url", "http_method"],
  mapped: ["base_url", "path", "http_method", "headers", "params", "request_format"],
  kept: {
    increment_type: "Page",
    ...Object.fromEntries(["sample_query", "parse_response", "offset_param", "limit_param", "page_size", "page_start"].map((key) => [key, undefined])),
  },
  toNative(configuration) {
    const { base_url: base, path, http_method: method, increment_type: increment, request_format: format } = configuration
    if (!METHODS.includes(method)) throw unfit("http_method must be POST or GET.")
    if (!INCREMENTS.includes(increment)) throw unfit("increment_type must be Page or Offset.")
    if (typeof base !== "string" || (isGiven(path) && typeof path !== "string")) throw unfit("base_url and path must be text.")
    return {
      ...{ url: `${base}${isGiven(path) ? String(path) : ""}`, method, headers: rowsOf(configuration, "headers"), parameters: rowsOf(configuration, "params") },
      bodyTemplate: templateOf(format),
      ...pagingOf(configuration),
    }
  },
  toConfiguration({ url, method, headers, parameters, bodyTemplate }) {
    const { base, path } = typeof url === "string" ? cut(url) : {}
    return given({ base_url: base, path, http_method: method, headers: mapOf(headers), params: mapOf(parameters), request_format: bodyTemplate })
  },
}

const wholeOf = (value: unknown): number | undefined => (typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) : undefined)

/** Without a parameter there is nothing to page by, whatever increment_type says; nothing is changed then. */
function pagingOf({
  increment_type: increment,
  offset_param: parameter,
  limit_param: limit,
  page_size: size,
  page_start: start,
  parse_response: path,
}: Settings) {
  const sized = isGiven(limit) && (wholeOf(size) ?? 0) > 0 ? { sizeParameter: limit, size: wholeOf(size) } : {}
  const from = wholeOf(start)
  const paging = { kind: increment === "Page" ? "page" : "offset", parameter, ...sized, ...(from === undefined ? {} : { start: from }) }
  const records = typeof path === "string" ? recordsAt(path) : undefined
  return { ...(isGiven(parameter) ? { paging } : {}), ...(records === undefined ? {} : { records }) }
}

/** A JSONPath of names alone, which is what leads to a list (`$.data.items[*]`), as JMESPath. */
function recordsAt(path: string): string | undefined {
  const names = /^\$((?:\.[A-Za-z_]\w*)+)(?:\[\*\])?$/.exec(path.trim())?.[1]
  const records = names?.slice(1)
  return records === undefined || expressionFault(records) !== undefined ? undefined : records
}

/** A JSON text, in which a credential could not be kept safe. */
function templateOf(format: unknown): string | null {
  if (!isGiven(format)) return null
  const fault = (): never => {
    throw unfit("request_format must be a JSON text without credentials; send those in headers.")
  }
  if (typeof format !== "string") return fault()
  try {
    return hiddenSecrets("request_format", JSON.parse(format) as unknown).length > 0 ? fault() : format
  } catch (error) {
    if (error instanceof SyntaxError) return fault()
    throw error
  }
}

/** Where a URL's path begins. */
function cut(url: string): { base: string; path: string } {
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  return slash < 0 ? { base: url, path: "" } : { base: url.slice(0, slash), path: url.slice(slash) }
}
