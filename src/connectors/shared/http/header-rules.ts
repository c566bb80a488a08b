/** Headers whose values are not secret. All others are encrypted, masked, and dropped if a redirect leads to another origin. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-language",
  "content-type",
  "prefer",
  "user-agent",
  "x-requested-with",
])

/** Headers that control the connection or state the origin of a request: the hub sets them, or they are not sent. */
const FORBIDDEN =
  /^(host|connection|content-length|content-encoding|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*|x-forwarded-.*|forwarded|x-real-ip)$/i
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** The problem with a header's name (RFC 9110, 5.1 and 5.6.2), worded to follow a field's title. */
export const headerNameFault = (name: string): string | undefined =>
  !TOKEN.test(name)
    ? "must be a header name: letters, digits and dashes."
    : FORBIDDEN.test(name)
      ? `may not be ${name}; the hub sets it, or nobody may.`
      : undefined

const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** The problem with a header's value (RFC 9110, 5.5), worded to follow a field's title: a line break, or a character that is not allowed. */
export const headerValueFault = (value: string): string | undefined =>
  BAD_VALUE.test(value) ? "must be one line of Latin-1 text without control characters." : undefined

/** The problem with a bearer token (RFC 6750, 2.1), worded to follow a field's title. */
export const tokenFault = (value: string): string | undefined =>
  /^[\x21-\x7e]+$/.test(value) ? undefined : "must be one word of ASCII characters, without spaces or line breaks."

/** The names of headers whose values are stored and shown plainly, as a pattern. */
export const PLAIN_HEADER_NAMES = `^(${[...PLAIN_HEADERS].join("|")})$`

/** Whether the value of a header of that name is stored and shown in plain text. */
export const isPlainHeader = (name: unknown): boolean => typeof name === "string" && PLAIN_HEADERS.has(name.toLowerCase())

/** The names of parameters and fields whose values are no secrets, as a pattern. */
export const PLAIN_NAMES = "^(?![^]*(key|token|secret|passw(or)?d|signature|auth))"

/** Whether the value of a parameter or field of that name is kept as a secret. */
export const isSecretName = (name: unknown): boolean => typeof name !== "string" || !new RegExp(PLAIN_NAMES, "i").test(name)

/** Whether a configured header is dropped when a redirect leads to another origin. */
export const isPrivateHeader = (name: string): boolean => !isPlainHeader(name)
