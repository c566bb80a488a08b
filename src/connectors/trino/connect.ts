import { PlatformError } from "../../core/errors.ts"
import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { authOf } from "../shared/http/auth/fields.ts"
import { noAuth } from "../shared/http/auth.ts"
import { originAt } from "../shared/http/origin.ts"
import type { Encryption } from "../shared/sql/login.ts"
import { trinoErrors } from "../shared/sql/trino/errors.ts"
import type { Bound } from "../shared/sql/trino/literals.ts"
import { trinoWire } from "../shared/sql/trino/wire.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { throughTunnel } from "../shared/ssh.ts"
import { tlsSpec } from "../shared/tls.ts"
import type { fields } from "./fields.ts"

export interface Trino extends SqlConnection<Bound>, Encryption {
  /** What the connector names; empty: nothing. */
  readonly place: Readonly<Record<"catalog" | "schema", string>>
  /** Nobody proves to be the user. */
  readonly unproven: boolean
}

export const errors = trinoErrors("Trino")

/** Sends nothing yet. Throws `config_invalid` for a login that Trino would never take. */
export function connectTrino(config: Config<typeof fields>, lease: Lease): Trino {
  const { auth, catalog, schema, roles, session, tls, tunnel } = config
  const user = config.user || (auth.kind === "basic" ? auth.username : "")
  if (auth.kind === "none" && user === "") throw new PlatformError("config_invalid", "Without a login Trino needs the name of a user; enter it as User.")
  if (auth.kind !== "none" && tls.kind === "off")
    throw new PlatformError("config_invalid", "Trino takes passwords and tokens over TLS only; switch TLS on, or choose the login `none`.")
  const headers = {
    "x-trino-user": user,
    "x-trino-catalog": catalog,
    "x-trino-schema": schema,
    "x-trino-client-tags": config.clientTags,
    "x-trino-role": roles.map((each) => `${each.catalog}=ROLE{${encodeURIComponent(each.role)}}`).join(","),
    "x-trino-session": session.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join(","),
  }
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""))
  const spec = tlsSpec(tls)
  const proof = auth.kind === "certificate" ? { auth: noAuth, tls: spec && { ...spec, client: auth } } : { auth: authOf(auth, { mode: "verify" }), tls: spec }
  const server = { origin: originAt(config, tls.kind !== "off"), ...proof, headers: given, errors }
  const wire = trinoWire(server, throughTunnel(lease, tunnel))
  return { wire, place: { catalog, schema }, encrypted: tls.kind !== "off", tunnelled: tunnel.kind === "ssh", unproven: auth.kind === "none" }
}
