import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import { PlatformError } from "../errors.ts"
import { type ReadOptions, readBody } from "./body.ts"
import { explained } from "./errors.ts"
import { follow, REDIRECTS } from "./redirect.ts"
import type { HttpAnswer, HttpRequest } from "./request.ts"

/** An answer whose body is still to be read, as it was sent, or destroyed. */
export interface OpenAnswer extends Omit<HttpAnswer, "body"> {
  readonly body: Readable
}

/** Whether redirects are followed, or for which statuses and methods. */
export type Follows = boolean | ((status: number, method: string) => boolean)

export interface ExchangeOptions {
  /** The lease's: it dials, judges and pins. */
  readonly dispatcher: Dispatcher
  readonly signal: AbortSignal
  /** If false, a redirect is an answer like any other, and no other address is dialled. */
  readonly redirects?: Follows
}

const MOST_REDIRECTS = 5
/** Bytes of a redirect's body that are read to keep the connection. */
const REDIRECT_BODY = 65_536

/**
 * Sends a request and follows at most five redirects by hand: each hop is dialled anew, and so the door judges it. The
 * dispatcher alone has the network; nothing here opens a connection.
 */
export async function exchange(request: HttpRequest, { dispatcher, signal, redirects = true }: ExchangeOptions): Promise<OpenAnswer> {
  let current = request
  const follows = (status: number): boolean => REDIRECTS.has(status) && (typeof redirects === "boolean" ? redirects : redirects(status, request.method))
  for (let hop = 0; ; hop++) {
    const { url } = current
    const answer = await once(current, dispatcher, signal)
    const headers = flatten(answer.headers)
    const location = headers["location"]
    if (!follows(answer.statusCode) || location === undefined) return { status: answer.statusCode, headers, body: answer.body, url }
    await answer.body.dump({ limit: REDIRECT_BODY }).catch((error: unknown) => Promise.reject(explained(error)))
    if (hop === MOST_REDIRECTS)
      throw new PlatformError("redirected_too_often", `${url.origin} redirects more than ${MOST_REDIRECTS} times; give the URL where it ends.`)
    current = follow(current, answer.statusCode, location)
  }
}

async function once({ method, url, headers, body }: HttpRequest, dispatcher: Dispatcher, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  try {
    return await dispatcher.request({
      method: method as Dispatcher.HttpMethod,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers },
      body: body ?? null,
      signal,
    })
  } catch (error) {
    throw explained(error)
  }
}

/** Sends a request as `exchange` does, and reads its answer. */
export const send = async (request: HttpRequest, options: ExchangeOptions & ReadOptions): Promise<HttpAnswer> =>
  readAnswer(request, await exchange(request, options), options)

/** The answer with its body, decompressed. */
export async function readAnswer({ method }: HttpRequest, answer: OpenAnswer, options: ReadOptions): Promise<HttpAnswer> {
  // The answer to HEAD has the headers of a body and none.
  return { ...answer, body: await readBody(answer.body, method === "HEAD" ? {} : answer.headers, options) }
}

/** Headers by name. Different values of a repeated header are joined by commas (RFC 9110, 5.3). */
const flatten = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), joined(value)]])))

const joined = (value: string | string[]): string => (Array.isArray(value) ? [...new Set(value)].join(", ") : value)
