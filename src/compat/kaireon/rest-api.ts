import { isMask } from "../../core/config.ts"
import { isSettings, type Kind, MASK, type Other } from "./kind.ts"

/** `{ "X-Name": "value" }`; values that may be secret are stored as such and shown as a mask. */
const headers: Other = {
  keys: ["headers"],
  field: "headers",
  secret: true,
  toNative(config) {
    const given = config["headers"]
    if (!isSettings(given) || Object.values(given).some((value) => typeof value !== "string"))
      return { fault: { pointer: "/config/headers", message: "config.headers must be an object of texts by header name." } }
    return { value: Object.entries(given).map(([name, value]) => ({ name, value: value === MASK ? { set: true } : value })) }
  },
  toConfig(native) {
    const rows = Array.isArray(native) ? native.filter(isSettings) : []
    return rows.length === 0
      ? {}
      : { headers: Object.fromEntries(rows.map(({ name, value }) => [String(name), isMask(value) ? MASK : typeof value === "string" ? value : ""])) }
  },
}

const DEFAULT_HEADER = "X-API-Key"

/** An HTTP API: `url`, `method`, `headers`; user and password, a bearer token, or a key in a header of its own. */
export const restApi: Kind = {
  type: "rest_api",
  native: "http",
  required: ["url"],
  settings: { url: { field: "url" }, method: { field: "method" } },
  implied: { method: "GET" },
  credentials: {
    username: { field: "auth", kind: "basic", inner: "username" },
    password: { field: "auth", kind: "basic", inner: "password", secret: true },
    token: { field: "auth", kind: "bearer", inner: "token", secret: true },
    bearerToken: { field: "auth", kind: "bearer", inner: "token", secret: true },
    accessToken: { field: "auth", kind: "bearer", inner: "token", secret: true },
    apiKey: { field: "auth", kind: "header", inner: "value", secret: true },
    headerName: { field: "auth", kind: "header", inner: "name", implied: true },
  },
  others: [headers],
  complete(native) {
    if (typeof native["method"] === "string") native["method"] = native["method"].toUpperCase()
    if (isSettings(native["auth"]) && native["auth"]["kind"] === "header")
      native["auth"] = { ...native["auth"], name: native["auth"]["name"] ?? DEFAULT_HEADER }
    native["probe"] = "get"
  },
  reach: () => undefined,
}

/** Posts to a URL. A test never sends it more than HEAD, since a GET may set something off. */
export const webhook: Kind = {
  ...restApi,
  type: "webhook",
  implied: { method: "POST" },
  complete(native) {
    restApi.complete?.(native)
    native["method"] ??= "POST"
    native["probe"] = "head"
  },
}
