import type { Input } from "../../core/connector.ts"
import { expressionFault } from "../../core/expression.ts"
import { type Config, choice, flag, integer, list, optional, secret, text, variant } from "../../core/fields.ts"
import { parseTemplate, templateFault } from "../../core/template.ts"
import { tagStarts, withoutTags } from "../../core/template-tags.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { charsetFault } from "../shared/http/charset.ts"
import { headerNameFault, headerValueFault, isSecretName, PLAIN_HEADER_NAMES, PLAIN_NAMES } from "../shared/http/header-rules.ts"
import { httpsField } from "../shared/http/https.ts"
import { pagingField } from "../shared/http/paging-fields.ts"
import { statusesFault } from "../shared/http/statuses.ts"

const inputs = {
  name: text("Name", { maxLength: 256 }),
  value: optional(secret("Value", { help: "Empty: each call gives it. Otherwise a default that a call may replace.", plainNames: PLAIN_NAMES })),
  required: flag("Required", { default: true, help: "Whether a call must give the value when the row has none." }),
}
const expression = (title: string, example: string, help: string) => text(title, { maxLength: 2_000, check: expressionFault, example, help })

export const httpFields = {
  url: text("URL", {
    format: "url",
    formatted: withoutTags,
    check: urlTemplateFault,
    example: "https://api.example.com/v1/companies",
    help: "Path and query may hold Jinja, such as /companies/{{ id }}; its variables become inputs, and each value is escaped for its place.",
  }),
  method: choice("Method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], { default: "GET" }),
  headers: list(
    "Headers",
    {
      name: text("Name", { maxLength: 256, check: headerNameFault }),
      value: optional(secret("Value", { check: headerValueFault, plainNames: PLAIN_HEADER_NAMES })),
      input: optional(text("Input", { maxLength: 256, help: "The name under which a call gives the value." })),
    },
    { by: "name" },
  ),
  parameters: list("Query parameters", inputs, { by: "name" }),
  body: list("Body fields", inputs, { by: "name", help: "Sent as one JSON object, or as a form when Content-Type says so; GET and HEAD have no body." }),
  bodyTemplate: optional(
    text("Body template", {
      format: "multiline",
      maxLength: 65_536,
      check: templateFault,
      example: '{"company": {"domain": "{{ domain }}"}, "limit": {{ limit }}}',
      help: "Jinja that gives JSON (or a form, when Content-Type says so), in place of the body fields; its variables are the inputs. A value stands escaped inside quotes, and as JSON outside of them.",
    }),
  ),
  auth: variant("Authentication", authKinds, { default: "none", aims: "within" }),
  records: optional(
    expression(
      "Records",
      "data.items",
      "JMESPath to the records in the answer's JSON, a list or one object. Without it the whole answer is the record, or its list of them.",
    ),
  ),
  key: optional(text("Key", { example: "id", help: "The members that tell one record from another, separated by commas; for reading the URL as a stream." })),
  since: variant(
    "New records",
    {
      none: { title: "Cannot be asked for", fields: {} },
      parameter: {
        title: "By a query parameter",
        fields: {
          parameter: text("Parameter", { maxLength: 256, example: "updated_since", help: "The API answers with records from its value on." }),
          column: expression("Where a record has the value", "updated_at", "A member's name, or JMESPath over the record; a number, or a time in ISO 8601."),
        },
      },
    },
    { default: "none", help: "Lets the stream be read incrementally." },
  ),
  success: optional(
    expression("Successful when", "status == 'ok'", "JMESPath over the answer's JSON. An answer for which it is not true is a failure, whatever its status."),
  ),
  successStatuses: optional(
    text("Success statuses", { check: statusesFault, example: "200-299, 404", help: "Default: 200-299. A listed status is never a failure." }),
  ),
  charset: optional(
    text("Charset", {
      maxLength: 40,
      check: charsetFault,
      example: "windows-1252",
      help: "For answers that do not name their character set, or name a wrong one.",
    }),
  ),
  paging: pagingField,
  retries: integer("Retries", {
    min: 0,
    max: 5,
    default: 2,
    help: "The number of retries after a retryable status or a broken connection, if the method may be repeated; Retry-After is respected.",
  }),
  retryStatuses: text("Statuses to retry", { check: statusesFault, default: "429, 502-504" }),
  repeatable: flag("POST and PATCH may be repeated", {
    help: "Choose this only if sending the same request twice does no harm. Otherwise a request is retried only if it was never sent.",
  }),
  probe: choice("Test request", ["get", "head", "head_first", "request"], {
    default: "get",
    help: "The request of a test: GET; HEAD alone, for a URL on which a GET triggers an action; HEAD, and GET unless HEAD succeeds; or the connector's own request without inputs, for a POST that changes nothing.",
  }),
  tls: httpsField,
}

export const isTemplate = (text: string): boolean => tagStarts(text).length > 0

/** Scheme, host and port come from the config alone; no input may change them. */
function urlTemplateFault(url: string): string | undefined {
  const [first] = tagStarts(url)
  if (first === undefined) return undefined
  if (!/^https?:\/\/[^/?#]+[/?#]/i.test(url.slice(0, first.at))) return "may hold Jinja only in its path and query, not in its host."
  return templateFault(url)
}

export type HttpConfig = Config<typeof httpFields>

/** The inputs of an HTTP connector, in one shape wherever they stand; a name that is in two places is one input. */
export function inputsOf(config: Pick<HttpConfig, "url" | "headers" | "method" | "parameters" | "body" | "bodyTemplate">): Input[] {
  const from = (rows: HttpConfig["parameters"], place: Input["from"]): Input[] =>
    rows.map(({ name, value, required }) => {
      const preset = value?.reveal() ?? ""
      return { name, from: place, required: preset === "" && required, ...(preset === "" || isSecretName(name) ? {} : { default: preset }) }
    })
  const body = config.bodyTemplate ? variablesOf(config.bodyTemplate, "body") : from(config.body, "body")
  const headers = config.headers.flatMap(({ input, value }): Input[] =>
    input ? [{ name: input, from: "header", required: (value?.reveal() ?? "") === "" }] : [],
  )
  const all = [...variablesOf(config.url, "url"), ...headers, ...from(config.parameters, "parameter"), ...(hasBody(config.method) ? body : [])]
  const seen = new Set<string>()
  return all.filter(({ name }) => !seen.has(name) && seen.add(name))
}

function variablesOf(template: string, from: Input["from"]): Input[] {
  if (!isTemplate(template)) return []
  const { inputs, optional: spared } = parseTemplate(template)
  return inputs.map((name) => ({ name, from, required: !spared.includes(name) }))
}

/** Whether a method carries the body fields. */
export const hasBody = (method: HttpConfig["method"]): boolean => method !== "GET" && method !== "HEAD"
