import { type HttpRequest, withPrivate } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"

/** How a client proves who it is. */
export interface HttpAuth {
  /** The request with its proof, made anew each time it is sent. */
  sign(request: HttpRequest, call: HttpCall): HttpRequest | Promise<HttpRequest>
  /** A request that was refused with 401, with another proof; undefined when there is no other. */
  renew?(refused: HttpRequest, call: HttpCall): Promise<HttpRequest | undefined>
  /** The request as a person sees it before it is sent. A proof that is made at that moment is named, not made. */
  show(request: HttpRequest): HttpRequest
  /** The query parameter that holds a secret; an address in an answer may repeat it. */
  readonly parameter?: string
}

/** Stands for a proof that is made when the request is sent. */
export const SECRET = "[secret]"

/** A proof that is the same for every request. */
const constant = (sign: (request: HttpRequest) => HttpRequest): HttpAuth => ({ sign, show: sign })

export const noAuth: HttpAuth = constant((request) => request)

/** RFC 7617. */
export const basicAuth = (username: string, password: string): HttpAuth =>
  headerAuth("authorization", `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`)

/** RFC 6750, 2.1. */
export const bearerAuth = (token: string): HttpAuth => headerAuth("authorization", `Bearer ${token}`)

export const headerAuth = (name: string, value: string): HttpAuth => constant((request) => withPrivate(request, { [name.toLowerCase()]: value }))

/** A key in a query parameter, in place of one that the URL has already. */
export function queryAuth(name: string, value: string): HttpAuth {
  const sign = (request: HttpRequest): HttpRequest => {
    const url = new URL(request.url)
    url.searchParams.set(name, value)
    return { ...request, url }
  }
  return { sign, show: sign, parameter: name }
}
