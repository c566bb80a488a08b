import type { Input } from "../../core/connector.ts"
import { type Config, choice, flag, list, optional, secret, text, variant } from "../../core/fields.ts"
import { parseTemplate, templateFault } from "../../core/template.ts"

/** Headers whose values are no secrets; all others are encrypted, masked, and dropped when a redirect leaves the origin. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set([
  ...[
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
  ],
])

/** Headers that steer the connection or claim where a request came from: ours to set, or nobody's. */
const FORBIDDEN = /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*|x-forwarded-.*|forwarded|x-real-ip)$/i
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** RFC 9110, 5.1 and 5.6.2. */
const headerNameFault = (name: string): string | undefined =>
  !TOKEN.test(name)
    ? "must be a header name: letters, digits and dashes."
    : FORBIDDEN.test(name)
      ? `may not be ${name}; the hub sets it, or nobody may.`
      : undefined

const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** RFC 9110, 5.5: no line breaks, and nothing that a header cannot carry. */
const headerValueFault = (value: string): string | undefined =>
  BAD_VALUE.test(value) ? "must be one line of Latin-1 text without control characters." : undefined

const isPlainHeader = (name: unknown): boolean => typeof name === "string" && PLAIN_HEADERS.has(name.toLowerCase())
const isSecretName = (name: unknown): boolean => typeof name !== "string" || /key|token|secret|passw(or)?d|signature|auth/i.test(name)

/** Whether a configured header may go along to another origin. */
export const isPrivateHeader = (name: string): boolean => !isPlainHeader(name)

const inputs = {
  name: text("Name", { maxLength: 256 }),
  value: optional(
    secret("Value", { help: "Empty: each call gives it. Otherwise a default that a call may replace.", plainWhen: ({ name }) => !isSecretName(name) }),
  ),
  required: flag("Required", { default: true, help: "Whether a call must give it when it has no value here." }),
}

export const httpFields = {
  url: text("URL", { format: "url", example: "https://api.example.com/v1/companies" }),
  method: choice("Method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], { default: "GET" }),
  headers: list(
    "Headers",
    {
      name: text("Name", { maxLength: 256, check: headerNameFault }),
      value: optional(secret("Value", { check: headerValueFault, plainWhen: ({ name }) => isPlainHeader(name) })),
    },
    { by: "name" },
  ),
  parameters: list("Query parameters", inputs, { by: "name" }),
  body: list("Body fields", inputs, { by: "name", help: "Sent as one JSON object, or as a form when Content-Type says so; not with GET and HEAD." }),
  bodyTemplate: optional(
    text("Body template", {
      format: "multiline",
      maxLength: 65_536,
      check: templateFault,
      example: '{"company": {"domain": "{{ domain }}"}, "limit": {{ limit }}}',
      help: "Jinja that gives JSON, in place of the body fields; its variables are the inputs. A value stands escaped inside quotes, and as JSON outside of them.",
    }),
  ),
  auth: variant(
    "Authentication",
    {
      none: { title: "None", fields: {} },
      basic: { title: "User and password", fields: { username: text("User"), password: secret("Password") } },
      bearer: { title: "Bearer token", fields: { token: secret("Token", { check: headerValueFault }) } },
      header: { title: "Key in a header", fields: { name: text("Header", { check: headerNameFault }), value: secret("Key", { check: headerValueFault }) } },
      query: { title: "Key in a query parameter", fields: { name: text("Parameter"), value: secret("Key") } },
    },
    { default: "none" },
  ),
  probe: choice("Test request", ["get", "head"], {
    default: "get",
    help: "What a test may send: HEAD, and GET where HEAD is refused; or HEAD alone, for a URL that sets something off.",
  }),
  tls: variant(
    "TLS",
    {
      verify: {
        title: "Verify the server's certificate",
        fields: { ca: optional(text("CA certificate", { format: "pem", help: "PEM of a private authority; without it the system's roots decide." })) },
      },
      require: { title: "Do not verify who answers", fields: {} },
    },
    { default: "verify", help: "Only for https URLs." },
  ),
}

export type HttpConfig = Config<typeof httpFields>

type Inputs = Pick<HttpConfig, "method" | "parameters" | "body" | "bodyTemplate">

/** The inputs of an HTTP connector, one shape everywhere; a name that is in both places is one input. */
export function inputsOf(config: Inputs): Input[] {
  const from = (rows: HttpConfig["parameters"], place: Input["from"]): Input[] =>
    rows.map(({ name, value, required }) => {
      const preset = value?.reveal() ?? ""
      return { name, from: place, required: preset === "" && required, ...(preset === "" || isSecretName(name) ? {} : { default: preset }) }
    })
  const body = config.bodyTemplate ? variablesOf(config.bodyTemplate) : from(config.body, "body")
  const all = [...from(config.parameters, "parameter"), ...(hasBody(config.method) ? body : [])]
  return all.filter((input, index) => all.findIndex(({ name }) => name === input.name) === index)
}

function variablesOf(template: string): Input[] {
  const { inputs, optional: spared } = parseTemplate(template)
  return inputs.map((name) => ({ name, from: "body", required: !spared.includes(name) }))
}

/** Whether a method carries the body fields. */
export const hasBody = (method: HttpConfig["method"]): boolean => method !== "GET" && method !== "HEAD"
