import { PlatformError } from "../../core/errors.ts"
import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { bearerAuth } from "../shared/http/auth.ts"
import { originAt } from "../shared/http/origin.ts"
import { certificateAuth, userAuth } from "../shared/sql/clickhouse/auth.ts"
import { clickhouseErrors } from "../shared/sql/clickhouse/errors.ts"
import { clickhouseWire } from "../shared/sql/clickhouse/wire.ts"
import type { ClickhouseClient } from "../shared/sql/clickhouse/writer.ts"
import type { Encryption } from "../shared/sql/login.ts"
import { throughTunnel } from "../shared/ssh.ts"
import { tlsSpec } from "../shared/tls.ts"
import type { fields } from "./fields.ts"

export interface Clickhouse extends ClickhouseClient, Encryption {
  /** Empty: none is chosen. */
  readonly database: string
  /** Undefined: the token names it. */
  readonly user: string | undefined
  readonly cloud: boolean
}

/** Sends nothing yet. Throws `config_invalid` for a login that needs TLS. */
export function connectClickhouse(config: Config<typeof fields>, lease: Lease): Clickhouse {
  const { host, database, auth, tls, tunnel } = config
  if (auth.kind !== "password" && tls.kind === "off")
    throw new PlatformError("config_invalid", "ClickHouse takes tokens and client certificates over TLS only; switch TLS on, or log in by a password.")
  const spec = tlsSpec(tls)
  const server = {
    url: new URL(config.path || "/", originAt(config, tls.kind !== "off")),
    tls: auth.kind === "certificate" && spec !== undefined ? { ...spec, client: auth } : spec,
    auth:
      auth.kind === "bearer"
        ? bearerAuth(auth.token.reveal())
        : auth.kind === "certificate"
          ? certificateAuth(auth.user)
          : userAuth(auth.user, auth.password?.reveal() ?? ""),
    errors: clickhouseErrors,
    database,
    settings: Object.fromEntries(config.settings.map(({ name, value }) => [name, value])),
    roles: config.roles.map(({ role }) => role),
  }
  return {
    wire: clickhouseWire(server, throughTunnel(lease, tunnel)),
    database,
    user: auth.kind === "bearer" ? undefined : auth.user,
    cloud: /\.clickhouse\.cloud$/i.test(host),
    encrypted: tls.kind !== "off",
    tunnelled: tunnel.kind === "ssh",
  }
}
