import { isUrlFault, type UrlForm } from "../../../../core/url-form.ts"
import { databaseUrl } from "../../database-url.ts"

const plain = databaseUrl(["clickhouse"], 8443, { mode: "ssl_mode", ca: "sslrootcert", modes: { off: "disabled", require: "trust", verify: "strict" } })

/** `clickhouse://user:password@host:port/database`, with TLS as the JDBC driver spells it. */
export const clickhouseUrl: UrlForm = {
  ...plain,
  read(url) {
    const found = plain.read(url)
    if (isUrlFault(found)) return found
    const { user, password, ...config } = found.config as Readonly<Record<string, unknown>>
    const login = { kind: "password", ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) }
    return { ...found, config: { ...config, auth: login }, ...(found.lacks === undefined ? {} : { lacks: "/auth/password" }) }
  },
}
