import { withPrivate } from "../../../../core/http/request.ts"
import type { HttpAuth } from "../../http/auth.ts"
import { latin } from "./encode.ts"

/** A user with a password (docs, HTTP interface, Authentication). Headers carry UTF-8. */
export const userAuth = (user: string, password: string): HttpAuth => byHeaders({ "x-clickhouse-user": latin(user), "x-clickhouse-key": latin(password) })

/** A user by the client's certificate (docs, SSL X.509 certificate authentication). */
export const certificateAuth = (user: string): HttpAuth => byHeaders({ "x-clickhouse-user": latin(user), "x-clickhouse-ssl-certificate-auth": "on" })

function byHeaders(headers: Readonly<Record<string, string>>): HttpAuth {
  const sign: HttpAuth["show"] = (request) => withPrivate(request, headers)
  return { sign, show: sign }
}
