/** An answer over HTTP. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer's fields and asserts on them.
  readonly body: any
  readonly text: string
}

export interface AskOptions {
  /** An API key or a session's token; null sends none. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** One request, JSON in and out; a body that is a string goes as it is. */
export async function ask(url: string, method: string, body?: unknown, { key = null, headers, signal }: AskOptions = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  const json = /^application\/(problem\+)?json/.test(response.headers.get("content-type") ?? "")
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : text }
}
