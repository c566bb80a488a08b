/** One HTTP request. `private` names (in lower case) the headers that may not follow a redirect to another origin. */
export interface HttpRequest {
  readonly method: string
  readonly url: URL
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly private: ReadonlySet<string>
  readonly body?: string | Uint8Array
}

/** An answer, its body decompressed. `url` is the address that gave it, after redirects; header names are in lower case. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly url: URL
}

/** The request with these headers too, given by names in lower case; none of them follows a redirect to another origin. */
export const withPrivate = (request: HttpRequest, headers: Readonly<Record<string, string>>): HttpRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
  private: new Set([...request.private, ...Object.keys(headers)]),
})
