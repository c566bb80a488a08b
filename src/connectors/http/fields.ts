import type { Input } from "../../core/connector.ts"
import { expressionFault } from "../../core/expression.ts"
import { type Config, choice, flag, integer, list, optional, secret, text, variant } from "../../core/fields.ts"
import { parseTemplate, templateFault } from "../../core/template.ts"
import { tagStarts, withoutTags } from "../../core/template-tags.ts"
import { headerNameFault, headerValueFault, isPlainHeader, isSecretName } from "../shared/header-rules.ts"
import { auth } from "./auth-fields.ts"
import { paging } from "./paging-fields.ts"

const inputs = {
  name: text("Name", { maxLength: 256 }),
  value: optional(
    secret("Value", { help: "Empty: each call gives it. Otherwise a default that a call may replace.", plainWhen: ({ name }) => !isSecretName(name) }),
  ),
  required: flag("Required", { default: true, help: "Whether a call must give it when it has no value here." }),
}

export const httpFields = {
  url: text("URL", {
    format: "url",
    formatted: withoutTags,
    check: urlTemplateFault,
    example: "https://api.example.com/v1/companies",
    help: "Path and query may hold Jinja, such as /companies/{{ id }}; its variables are inputs, and no value leaves its place.",
  }),
  method: choice("Method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], { default: "GET" }),
  headers: list(
    "Headers",
    {
      name: text("Name", { maxLength: 256, check: headerNameFault }),
      value: optional(secret("Value", { check: headerValueFault, plainWhen: ({ name }) => isPlainHeader(name) })),
      input: optional(text("Input", { maxLength: 256, help: "The name under which a call gives the value." })),
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
      help: "Jinja that gives JSON (or a form, when Content-Type says so), in place of the body fields; its variables are the inputs. A value stands escaped inside quotes, and as JSON outside of them.",
    }),
  ),
  auth,
  records: optional(
    text("Records", {
      maxLength: 2_000,
      check: expressionFault,
      example: "data.items",
      help: "JMESPath to the records in the answer's JSON, a list or one object. Without it the whole answer is the record, or its list of them.",
    }),
  ),
  key: optional(text("Key", { example: "id", help: "The members that tell one record from another, separated by commas; for reading the URL as a stream." })),
  success: optional(
    text("Successful when", {
      maxLength: 2_000,
      check: expressionFault,
      example: "status == 'ok'",
      help: "JMESPath over the answer's JSON: what is not true, though the status is one of success, is a failure.",
    }),
  ),
  successStatuses: optional(
    text("Statuses of success", { check: statusesFault, example: "200-299, 404", help: "Without any: all below 400. A status that is listed is no failure." }),
  ),
  paging,
  retries: integer("Retries", {
    min: 0,
    max: 5,
    default: 2,
    help: "How often a request is made again after 429, 502, 503, 504 or a broken connection, when its method may be repeated; the answer's Retry-After is kept to.",
  }),
  repeatable: flag("POST and PATCH may be repeated", {
    help: "Only where the same request twice does no harm. Without it they are made again only if they never left.",
  }),
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

export const isTemplate = (text: string): boolean => tagStarts(text).length > 0

/** Scheme, host and port are the config's own: no input may have a say in them. */
function urlTemplateFault(url: string): string | undefined {
  const [first] = tagStarts(url)
  if (first === undefined) return undefined
  if (!/^https?:\/\/[^/?#]+[/?#]/i.test(url.slice(0, first.at))) return "may hold Jinja in its path and query alone, not in its host."
  return templateFault(url)
}

/** `200-299, 404` */
function statusesFault(text: string): string | undefined {
  return statusesOf(text).every(([from, to]) => from >= 100 && to <= 599 && from <= to) ? undefined : "must be statuses of 100 to 599, such as 200-299, 404."
}

/** The ranges of statuses that a text names, both ends included. */
export const statusesOf = (text: string): [number, number][] =>
  text.split(",").map((part) => {
    const [, from, to = from] = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part) ?? []
    return [Number(from), Number(to)]
  })

export type HttpConfig = Config<typeof httpFields>

type Inputs = Pick<HttpConfig, "url" | "headers" | "method" | "parameters" | "body" | "bodyTemplate">

/** The inputs of an HTTP connector, one shape everywhere; a name that is in both places is one input. */
export function inputsOf(config: Inputs): Input[] {
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
  return all.filter((input, index) => all.findIndex(({ name }) => name === input.name) === index)
}

function variablesOf(template: string, from: Input["from"]): Input[] {
  if (!isTemplate(template)) return []
  const { inputs, optional: spared } = parseTemplate(template)
  return inputs.map((name) => ({ name, from, required: !spared.includes(name) }))
}

/** Whether a method carries the body fields. */
export const hasBody = (method: HttpConfig["method"]): boolean => method !== "GET" && method !== "HEAD"
