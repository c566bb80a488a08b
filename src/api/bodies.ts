import type { FastifyInstance } from "fastify"
import { PlatformError } from "../core/errors.ts"
import { isDeeper, mayLoseDigits, parseExactly } from "../core/exact-json.ts"
import { holdsMoreValues } from "../core/json-values.ts"
import { turnFor } from "./pacing.ts"
import { DEPTH_MAX } from "./validation.ts"

/**
 * Makes a Fastify instance parse JSON bodies with all digits of their numbers: one that a double would damage arrives as
 * an `ExactNumber`. A missing body counts as an empty object, whatever the content type; a route that needs fields
 * reports the missing ones. `__proto__` and `constructor.prototype` are refused.
 *
 * @param isForeign whether the URL belongs to another product's API, which gets plain numbers and answers a `null` itself
 */
export function useBodies(app: FastifyInstance, isForeign: (url: string) => boolean): void {
  app.addHook("preValidation", (request) => turnFor(request))
  const parse = app.getDefaultJsonParser("error", "error")
  app.removeContentTypeParser("application/json")
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") return done(null, undefined)
    const parsed = (error: Error | null, value: unknown): void => {
      if (error !== null) done(error)
      else if (isForeign(request.url)) done(null, value)
      else if (value === null) done(nullBody())
      // Parsed again, because the parser above is the one that refuses; what is too deep is left to the validation.
      else done(null, mayLoseDigits(body) && !isDeeper(body, DEPTH_MAX) ? parseExactly(body.replace(/^\uFEFF/, "")) : value)
    }
    return void turnFor(request).then(() => {
      if (holdsMoreValues(Buffer.from(body), VALUES_MAX)) done(isDeeper(body, DEPTH_MAX) ? tooDeep() : tooManyValues())
      else void parse(request, body, parsed)
    })
  })
}

/** JSON values in a body at most: each of them is looked at several times, while nothing else is served. */
const VALUES_MAX = 50_000

const tooManyValues = (): PlatformError =>
  new PlatformError(
    "body_too_large",
    `The body holds more than ${VALUES_MAX.toLocaleString("en")} JSON values, which is the most; send it in several requests.`,
  )

const tooDeep = (): PlatformError => {
  const message = `is nested deeper than ${DEPTH_MAX} levels.`
  return new PlatformError("request_invalid", `The request is not valid: the body ${message}`, { faults: [{ pointer: "", message }] })
}

/** The error for a body of `null`. An omitted body is validated as null too, but is allowed. */
const nullBody = (): PlatformError =>
  new PlatformError("request_invalid", "The request is not valid: the body must be an object, and is null.", {
    faults: [{ pointer: "", message: "must be object." }],
  })
