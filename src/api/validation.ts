import type { ErrorObject } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import type { FastifyInstance } from "fastify"
import type { Fault } from "../core/errors.ts"
import { PlatformError } from "../core/errors.ts"
import { ExactNumber } from "../core/values.ts"

/** Formats only describe. The hub checks these texts itself, because its messages are more helpful. */
const formats = { "date-time": true, uri: true, uuid: true } as const
/** Bodies are validated as they are: no value is converted, no field is dropped, and all faults are reported. */
const bodies = new Ajv2020({ allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: true, strict: false, verbose: true, formats })
/** Query strings and path parameters are text, from which numbers and booleans are parsed. */
const texts = new Ajv2020({ allErrors: true, coerceTypes: true, removeAdditional: false, useDefaults: true, strict: false, verbose: true, formats })

/** Makes a Fastify instance validate by these rules and answer with one error that lists all faults. */
export function useValidation(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const validate = (httpPart === "body" ? bodies : texts).compile(schema as object)
    return (value: unknown) => {
      // A missing body is validated as an empty object: the schema accepts it, or reports the missing fields.
      const subject = httpPart === "body" && (value === undefined || value === null) ? {} : value
      const unfit = unfitText(subject)
      if (unfit !== undefined) return { error: invalidText(`${httpPart === "body" ? "" : `/${httpPart}`}${unfit.pointer}`, unfit.message) }
      if (validate(subject)) return { value: subject }
      return { error: invalid(httpPart ?? "body", validate.errors ?? []) }
    }
  })
}

/** The deepest nesting of a request. Recursive code runs out of stack at some thousands of levels. */
export const DEPTH_MAX = 200

/** Where a text inside a value has a null character or is no Unicode, which nothing of ours can store, or where it is too deep; without recursion, since it may be. */
function unfitText(value: unknown): { readonly pointer: string; readonly message: string } | undefined {
  const left: Visited[] = [{ name: "", value, depth: 1 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value: each, depth } = next
    const unfit = (message: string) => ({ pointer: pointerOf(next as Visited), message })
    if (typeof each === "string" && isUnfit(each)) return unfit("must be valid Unicode text without null characters.")
    if (each === null || typeof each !== "object") continue
    if (depth > DEPTH_MAX) return unfit(`is nested deeper than ${DEPTH_MAX} levels.`)
    for (const name of Object.keys(each)) left.push({ name, value: (each as Readonly<Record<string, unknown>>)[name], depth: depth + 1, within: next })
  }
  return undefined
}

/** A value inside a body, and the one that it lies in. */
interface Visited {
  readonly name: string
  readonly value: unknown
  readonly depth: number
  readonly within?: Visited
}

const isUnfit = (text: string): boolean => text.includes("\u0000") || !text.isWellFormed()

/** The pointer of a value; it is wanted of one value at most. */
function pointerOf({ name, within }: Visited): string {
  return within === undefined ? "" : `${pointerOf(within)}/${segment(name)}`.slice(0, 500)
}

const invalidText = (pointer: string, message: string): PlatformError =>
  new PlatformError("request_invalid", `The request is not valid: ${pointer || "the body"} ${message}`, { faults: [{ pointer, message }] })

const segment = (name: string): string => name.slice(0, 60).toWellFormed().replaceAll("\u0000", "").replaceAll("~", "~0").replaceAll("/", "~1")

/** Faults that an answer lists at most. */
const FAULTS_MAX = 100

function invalid(part: string, errors: readonly ErrorObject[]): PlatformError {
  const prefix = part === "body" ? "" : `/${part}`
  const all = errors.filter((error) => error.keyword !== "if")
  const faults = dedupe(all.slice(0, FAULTS_MAX).map((error) => faultOf(error, prefix)))
  const first = faults[0]
  const others = faults.length - 1 + Math.max(0, all.length - FAULTS_MAX)
  const more = others > 0 ? ` (and ${others} more)` : ""
  return new PlatformError(
    "request_invalid",
    `The request is not valid: ${first === undefined ? "see its schema" : `${first.pointer || "the body"} ${first.message}`}${more}`,
    { faults },
  )
}

function faultOf(error: ErrorObject, prefix: string): Fault {
  const at = `${prefix}${error.instancePath}`
  const params = error.params as Record<string, unknown>
  const below = (name: unknown): string => `${at}/${segment(String(name))}`
  switch (error.keyword) {
    case "required":
      return { pointer: below(params["missingProperty"]), message: "is required." }
    case "additionalProperties":
    case "unevaluatedProperties":
      return { pointer: below(params["additionalProperty"] ?? params["unevaluatedProperty"]), message: "is not a field of this request." }
    case "dependentRequired":
      return { pointer: below(params["missingProperty"]), message: `is required beside ${String(params["property"])}.` }
    case "enum":
      return { pointer: at, message: `must be one of ${(params["allowedValues"] as unknown[]).join(", ")}.` }
    case "const":
      return { pointer: at, message: `must be ${JSON.stringify(params["allowedValue"])}.` }
    case "pattern": {
      // A schema's description is easier to follow than a regular expression.
      const { description } = (error.parentSchema ?? {}) as { description?: string }
      return {
        pointer: at,
        message: description === undefined ? `must match the pattern ${String(params["pattern"])}.` : `must be: ${description.toLowerCase()}.`,
      }
    }
    case "type":
      return { pointer: at, message: `${error.message ?? "is not valid"}${error.data instanceof ExactNumber ? ", with fewer digits" : ""}.` }
    default:
      return { pointer: at, message: `${error.message ?? "is not valid"}.` }
  }
}

function dedupe(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>()
  return faults.filter((fault) => {
    const key = `${fault.pointer} ${fault.message}`
    return !seen.has(key) && seen.add(key)
  })
}
