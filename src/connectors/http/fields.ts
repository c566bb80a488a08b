import type { Input } from "../../core/connector.ts"
import { type Config, choice, flag, list, optional, secret, text, variant } from "../../core/fields.ts"
import { parseTemplate, templateFault } from "../../core/template.ts"
import { tagStarts, withoutTags } from "../../core/template-tags.ts"
import { answerFields } from "../shared/http/answer-fields.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { headerNameFault, headerValueFault, isSecretName, PLAIN_HEADER_NAMES, PLAIN_NAMES } from "../shared/http/header-rules.ts"
import { httpsField } from "../shared/http/https.ts"
import { pagingField } from "../shared/http/paging-fields.ts"
import { probeField } from "../shared/http/probe-requests.ts"
import { recordFields } from "../shared/http/record-fields.ts"
import { retryFields } from "../shared/http/retry-fields.ts"

const inputs = {
  name: text("Name", { maxLength: 256 }),
  value: optional(secret("Value", { help: "Empty: each call gives it. Otherwise a default that a call may replace.", plainNames: PLAIN_NAMES })),
  required: flag("Required", { default: true, help: "Whether a call must give the value when the row has none." }),
}

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
  ...recordFields,
  ...answerFields,
  paging: pagingField,
  ...retryFields,
  probe: probeField,
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
