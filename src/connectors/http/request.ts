import type { Render } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { parseTemplate } from "../../core/template.ts"
import { tagStarts, withoutTags } from "../../core/template-tags.ts"
import type { Row, Value } from "../../core/values.ts"
import { headerValueFault, isPrivateHeader } from "../shared/header-rules.ts"
import type { HttpRequest } from "../shared/http.ts"
import { withToken } from "./exchange.ts"
import { type HttpConfig, hasBody, inputsOf, isTemplate } from "./fields.ts"
import { withSignature } from "./sign.ts"

/** The request that one row of input makes, its body filled from the template if there is one. */
export async function prepare(config: HttpConfig, input: Row, render: Render): Promise<HttpRequest> {
  checkInput(config, input)
  const url = isTemplate(config.url) ? await urlOf(config, input, render) : config.url
  const request = build({ ...config, url }, config.method, input)
  if (!config.bodyTemplate || !hasBody(config.method)) return request
  const type = request.headers["content-type"] ?? "application/json"
  const body = await render(config.bodyTemplate, valuesFor(config.bodyTemplate, input), FORM.test(type) ? "form" : "json")
  return { ...request, headers: { ...request.headers, "content-type": type }, body }
}

/** What is not given is left out: a template's own defaults are for what is undefined. */
const valuesFor = (template: string, input: Row): Row =>
  Object.fromEntries(
    parseTemplate(template).inputs.flatMap((name) => ([undefined, null].includes(given(input, name) as null) ? [] : [[name, input[name] as Value]])),
  )

async function urlOf({ url }: HttpConfig, input: Row, render: Render): Promise<string> {
  const filled = await render(url, valuesFor(url, input), "url")
  // The escaping sees to it; this is for the day that it does not.
  if (URL.canParse(filled) && new URL(filled).origin === new URL(withoutTags(url)).origin) return filled
  throw new PlatformError("query_invalid", "The URL does not lead to the connector's own host with these inputs; mend the URL or the inputs.")
}

/** As far as the URL goes without inputs. */
function fixedPart(url: string): string {
  const [first] = tagStarts(url)
  const text = first === undefined ? url : url.slice(0, first.at)
  return first === undefined ? url : text.slice(0, Math.max(text.lastIndexOf("/"), text.indexOf("?")) + 1)
}

/** The same URL and credentials without input or body, by a method that changes nothing. */
export const probeOf = (config: HttpConfig, method: "HEAD" | "GET"): HttpRequest => build({ ...config, url: fixedPart(config.url) }, method, {})

function checkInput(config: HttpConfig, input: Row): void {
  const inputs = inputsOf(config)
  const unknown = Object.keys(input).filter((name) => !inputs.some((each) => each.name === name))
  const missing = inputs.filter(({ name, required }) => required && [undefined, null, ""].includes(given(input, name) as string)).map(({ name }) => name)
  const unfit = config.headers.flatMap(({ input: name }) => {
    const value = name ? given(input, name) : undefined
    const wrong = value === undefined || value === null ? undefined : headerValueFault(textOf(value))
    return wrong === undefined ? [] : [{ pointer: `/input/${name}`, message: `${name} ${wrong}` }]
  })
  if (unknown.length + missing.length + unfit.length === 0) return
  const known = inputs.length === 0 ? "it takes none" : `its inputs are ${inputs.map(({ name }) => name).join(", ")}`
  const faults = [
    ...unknown.map((name) => ({ pointer: `/input/${name}`, message: `There is no input ${name}; ${known}.` })),
    ...missing.map((name) => ({ pointer: `/input/${name}`, message: `${name} is required.` })),
    ...unfit,
  ]
  throw new PlatformError("query_invalid", faults.map(({ message }) => message).join(" "), { faults })
}

const given = (input: Row, name: string): Value | undefined => (Object.hasOwn(input, name) ? input[name] : undefined)

function build(config: HttpConfig, method: HttpConfig["method"], input: Row): HttpRequest {
  const url = new URL(config.url)
  url.hash = ""
  for (const [name, value] of filled(config.parameters, input))
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, textOf(one as Value))
  const headers: Record<string, string> = { "user-agent": "jackfield", accept: "application/json, */*;q=0.5", "accept-encoding": "gzip, deflate, br" }
  const hidden = new Set<string>()
  for (const { name, value, input: named } of config.headers) {
    const lower = name.toLowerCase()
    const own = named ? given(input, named) : undefined
    const text = own === undefined || own === null ? (value?.reveal() ?? "") : textOf(own)
    if (text === "") continue
    headers[lower] = text
    if (isPrivateHeader(lower)) hidden.add(lower)
  }
  authorize(config.auth, url, headers, hidden)
  const fields = filled(config.body, input)
  if (!hasBody(method) || fields.length === 0 || config.bodyTemplate) return { method, url, headers, private: hidden }
  headers["content-type"] ??= "application/json"
  return { method, url, headers, private: hidden, body: bodyOf(fields, headers["content-type"]) }
}

function authorize(auth: HttpConfig["auth"], url: URL, headers: Record<string, string>, hidden: Set<string>): void {
  switch (auth.kind) {
    case "none":
      return
    case "query":
      url.searchParams.set(auth.name, auth.value.reveal())
      return
    case "header":
      headers[auth.name.toLowerCase()] = auth.value.reveal()
      hidden.add(auth.name.toLowerCase())
      return
    case "bearer":
    case "basic":
      headers["authorization"] =
        auth.kind === "bearer" ? `Bearer ${auth.token.reveal()}` : `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString("base64")}`
      hidden.add("authorization")
      return
    default:
    // Tokens and signatures are made when the request goes.
  }
}

/** A request as a person sees it before it goes: what is made at that moment is named, not made. */
export function shown(request: HttpRequest, auth: HttpConfig["auth"]): HttpRequest {
  if (auth.kind === "hmac") return withSignature(request, auth, "[secret]", "[now]")
  return auth.kind === "oauth2_client" || auth.kind === "oauth2_refresh" ? withToken(request, { value: "[secret]" }) : request
}

/** Each configured row with what the call gives, else its own value; what neither has is left out. */
function filled(rows: HttpConfig["parameters"], input: Row): [string, Value][] {
  return rows.flatMap(({ name, value }): [string, Value][] => {
    const own = given(input, name)
    const preset = value?.reveal() ?? ""
    if (own !== undefined && own !== null) return [[name, own]]
    return preset === "" ? [] : [[name, preset]]
  })
}

const FORM = /^application\/x-www-form-urlencoded\b/i

const textOf = (value: Value): string => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value))

const bodyOf = (fields: readonly [string, Value][], contentType: string): string =>
  FORM.test(contentType)
    ? new URLSearchParams(fields.map(([name, value]): [string, string] => [name, textOf(value)])).toString()
    : JSON.stringify(Object.fromEntries(fields))
