import type { HttpRequest } from "../../../core/http/request.ts"

/** What the hub says in every request that a connector makes; a connector's own headers go before it. */
export const OWN_HEADERS: Readonly<Record<string, string>> = {
  "user-agent": "jackfield",
  accept: "application/json, */*;q=0.5",
  "accept-encoding": "gzip, deflate, br",
}

export interface RequestParts {
  readonly method?: string
  /** By names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** At most one of them. */
  readonly json?: unknown
  readonly form?: URLSearchParams
  readonly body?: string | Uint8Array
}

/** A request with the hub's own headers: a GET, or a POST where it has a body, unless the method is given. */
export function requestTo(url: URL, { method, headers = {}, json, form, body }: RequestParts = {}): HttpRequest {
  const [content, type] =
    json !== undefined ? [JSON.stringify(json), "application/json"] : form ? [form.toString(), "application/x-www-form-urlencoded"] : [body]
  return {
    method: method ?? (content === undefined ? "GET" : "POST"),
    url,
    headers: { ...OWN_HEADERS, ...(type === undefined ? {} : { "content-type": type }), ...headers },
    private: new Set(),
    ...(content === undefined ? {} : { body: content }),
  }
}

/** What a URL is called: the last part of its path, or its host. */
export function nameOf({ hostname, pathname }: URL): string {
  const last = pathname.split("/").findLast((part) => part !== "") ?? hostname
  try {
    return decodeURIComponent(last)
  } catch (error) {
    if (error instanceof URIError) return last
    throw error
  }
}
