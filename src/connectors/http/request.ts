import type { Render } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpRequest } from "../../core/http/request.ts"
import { parseTemplate } from "../../core/template.ts"
import { tagStarts, withoutTags } from "../../core/template-tags.ts"
import type { Row, Value } from "../../core/values.ts"
import { bodyTypeFault, isForm } from "../shared/http/body-types.ts"
import { headerValueFault, isPrivateHeader } from "../shared/http/header-rules.ts"
import { OWN_HEADERS } from "../shared/http/requests.ts"
import { type HttpConfig, hasBody, inputsOf, isTemplate } from "./fields.ts"

/** The request for one row of input, with URL and body rendered from their templates; the client adds the credentials. */
export async function prepare(config: HttpConfig, input: Row, render: Render): Promise<HttpRequest> {
  checkInput(config, input)
  const url = isTemplate(config.url) ? await urlOf(config, input, render) : config.url
  const request = build({ ...config, url }, config.method, input)
  if (!config.bodyTemplate || !hasBody(config.method)) return request
  const type = request.headers["content-type"] ?? "application/json"
  const body = await render(config.bodyTemplate, valuesFor(config.bodyTemplate, input), isForm(type) ? "form" : "json")
  return { ...request, headers: { ...request.headers, "content-type": type }, body }
}

/** The values for a template. Inputs that the call does not give are left out, because a template's defaults apply to undefined variables. */
const valuesFor = (template: string, input: Row): Row =>
  Object.fromEntries(
    parseTemplate(template).inputs.flatMap((name) => ([undefined, null].includes(given(input, name) as null) ? [] : [[name, input[name] as Value]])),
  )

async function urlOf({ url }: HttpConfig, input: Row, render: Render): Promise<string> {
  const filled = await render(url, valuesFor(url, input), "url")
  // A second check: escaping already keeps values in their places.
  if (URL.canParse(filled) && new URL(filled).origin === new URL(withoutTags(url)).origin) return filled
  throw new PlatformError("query_invalid", "With these inputs, the URL does not lead to the connector's own host; correct the URL or the inputs.")
}

/** The part of the URL before its first input. */
function fixedPart(url: string): string {
  const [first] = tagStarts(url)
  if (first === undefined) return url
  const text = url.slice(0, first.at)
  return url.slice(0, Math.max(text.lastIndexOf("/"), text.indexOf("?")) + 1)
}

/** A request to the same URL without inputs and body, by a method that changes nothing. */
export const probeOf = (config: HttpConfig, method: "HEAD" | "GET"): HttpRequest => build({ ...config, url: fixedPart(config.url) }, method, {})

/** Unknown inputs that an error lists at most. */
const FAULTS_MAX = 20

function checkInput(config: HttpConfig, input: Row): void {
  const inputs = inputsOf(config)
  const known = inputs.length === 0 ? "it takes none" : `its inputs are ${inputs.map(({ name }) => name).join(", ")}`
  const names = new Set(inputs.map(({ name }) => name))
  const unknown = Object.keys(input)
    .filter((name) => !names.has(name))
    .slice(0, FAULTS_MAX)
    .map((name) => [name, `There is no input ${name}; ${known}.`] as const)
  const missing = inputs
    .filter(({ name, required }) => required && [undefined, null, ""].includes(given(input, name) as string))
    .map(({ name }) => [name, `${name} is required.`] as const)
  const unfit = config.headers.flatMap(({ input: name, name: header }) => {
    const value = name ? given(input, name) : undefined
    const wrong = value === undefined || value === null ? undefined : (headerValueFault(textOf(value)) ?? typeFault(config, header, textOf(value)))
    return wrong === undefined ? [] : [[name, `${name} ${wrong}`] as const]
  })
  const faults = [...unknown, ...missing, ...unfit].map(([name, message]) => ({ pointer: `/input/${name}`, message }))
  if (faults.length > 0) throw new PlatformError("query_invalid", faults.map(({ message }) => message).join(" "), { faults })
}

/** The problem with a Content-Type from the call, if the request has a body. */
const typeFault = ({ method, body, bodyTemplate }: HttpConfig, header: string, type: string): string | undefined =>
  header.toLowerCase() === "content-type" && hasBody(method) && (body.length > 0 || bodyTemplate) ? bodyTypeFault(type) : undefined

const given = (input: Row, name: string): Value | undefined => (Object.hasOwn(input, name) ? input[name] : undefined)

function build(config: HttpConfig, method: HttpConfig["method"], input: Row): HttpRequest {
  const url = new URL(config.url)
  url.hash = ""
  for (const [name, value] of filled(config.parameters, input))
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, textOf(one as Value))
  const headers: Record<string, string> = { ...OWN_HEADERS }
  const hidden = new Set<string>()
  for (const { name, value, input: named } of config.headers) {
    const lower = name.toLowerCase()
    const own = named ? given(input, named) : undefined
    const text = own === undefined || own === null ? (value?.reveal() ?? "") : textOf(own)
    if (text === "") continue
    headers[lower] = text
    if (isPrivateHeader(lower)) hidden.add(lower)
  }
  const fields = filled(config.body, input)
  if (!hasBody(method) || fields.length === 0 || config.bodyTemplate) return { method, url, headers, private: hidden }
  headers["content-type"] ??= "application/json"
  return { method, url, headers, private: hidden, body: bodyOf(fields, headers["content-type"]) }
}

/** Each configured row with the value from the call, or else its own value; a row without a value is left out. */
function filled(rows: HttpConfig["parameters"], input: Row): [string, Value][] {
  return rows.flatMap(({ name, value }): [string, Value][] => {
    const own = given(input, name)
    const preset = value?.reveal() ?? ""
    if (own !== undefined && own !== null) return [[name, own]]
    return preset === "" ? [] : [[name, preset]]
  })
}

const textOf = (value: Value): string => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value))

const bodyOf = (fields: readonly [string, Value][], contentType: string): string =>
  isForm(contentType)
    ? new URLSearchParams(fields.map(([name, value]): [string, string] => [name, textOf(value)])).toString()
    : JSON.stringify(Object.fromEntries(fields))
