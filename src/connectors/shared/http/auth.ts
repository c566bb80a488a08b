import { type HttpAnswer, type HttpRequest, withPrivate } from "../../../core/http/request.ts"
import type { Lease } from "../../../core/lease.ts"
import type { HttpCall } from "./call.ts"

/** How a client authenticates. */
export interface HttpAuth {
  /** Returns the request with credentials; called each time that a request is sent. */
  sign(request: HttpRequest, call: HttpCall): HttpRequest | Promise<HttpRequest>
  /** Whether the answer refuses the credentials; the body is there if it was read. Absent: it does with 401. */
  refuses?(answer: Pick<HttpAnswer, "status"> & Partial<Pick<HttpAnswer, "body">>): boolean
  /** Returns a request whose credentials were refused with other ones; undefined if there are none. */
  renew?(refused: HttpRequest, call: HttpCall): Promise<HttpRequest | undefined>
  /** The request as it is shown to people before it is sent. Credentials that are computed on sending appear as a placeholder. */
  show(request: HttpRequest): HttpRequest
  /** The query parameter that holds a secret; an address in an answer may repeat it. */
  readonly parameter?: string
}

/** How a token endpoint is reached: by the lease itself, or by the same lease through a bastion. */
export type Route = (lease: Lease) => Lease

/** The placeholder for credentials that are computed when the request is sent. */
export const SECRET = "[secret]"

/** Credentials that are the same for every request. */
const constant = (sign: (request: HttpRequest) => HttpRequest): HttpAuth => ({ sign, show: sign })

export const noAuth: HttpAuth = constant((request) => request)

/** RFC 7617. */
export const basicAuth = (username: string, password: string): HttpAuth =>
  headerAuth("authorization", `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`)

/** RFC 6750, 2.1. */
export const bearerAuth = (token: string): HttpAuth => headerAuth("authorization", `Bearer ${token}`)

export const headerAuth = (name: string, value: string): HttpAuth => constant((request) => withPrivate(request, { [name.toLowerCase()]: value }))

/** A key in a query parameter; it replaces a parameter of that name in the URL. */
export function queryAuth(name: string, value: string): HttpAuth {
  const sign = (request: HttpRequest): HttpRequest => {
    const url = new URL(request.url)
    url.searchParams.set(name, value)
    return { ...request, url }
  }
  return { sign, show: sign, parameter: name }
}

/** A signature of the body beside a login. The login comes last, so that it can recognise and renew the request that it made. */
export function signedAuth(login: HttpAuth, signature: HttpAuth): HttpAuth {
  if (signature === noAuth) return login
  const sign: HttpAuth["sign"] = async (request, call) => login.sign(await signature.sign(request, call), call)
  return { ...login, sign, show: (request) => login.show(signature.show(request)) }
}
