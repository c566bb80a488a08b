import { defineConnector } from "../core/connector.ts"
import { host, optional, port, secret, text } from "../core/fields.ts"
import { discover } from "./postgres/catalog.ts"
import { connectPostgres } from "./postgres/client.ts"
import { explain } from "./postgres/errors.ts"
import { facts } from "./postgres/facts.ts"
import { query } from "./postgres/query.ts"
import { read } from "./postgres/rows.ts"
import { write } from "./postgres/write.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import { throughTunnel, tunnelField } from "./shared/ssh.ts"
import { tlsField, tlsSpec } from "./shared/tls.ts"

/** PostgreSQL 12 and newer, and what speaks its protocol. */
export const postgres = defineConnector({
  type: "postgres",
  title: "PostgreSQL",
  category: "database",
  proof: "server",
  summary: "A PostgreSQL database, 12 or newer: browse its tables, query it read-only, read streams in key order, and write rows by COPY.",
  fields: {
    host: host("Host", { example: "db.example.com" }),
    port: port("Port", { default: 5432 }),
    database: text("Database", { default: "", maxLength: 63, help: "Empty: the one named like the user.", example: "shop" }),
    user: text("User", { login: true, maxLength: 63, example: "jackfield", help: "Best a role of its own, with SELECT on what the hub shall read." }),
    password: optional(secret("Password")),
    tls: tlsField,
    tunnel: tunnelField,
  },

  // libpq (PostgreSQL docs, 34.1.2).
  url: databaseUrl(["postgres", "postgresql"], 5432, {
    mode: "sslmode",
    ca: "sslrootcert",
    modes: { off: "disable", require: "require", verify: "verify-full" },
  }),
  address: hostAndPort,

  connect(config, lease) {
    const { host, port, database, user, password } = config
    const tunnelled = config.tunnel.kind === "ssh"
    const login = { address: { host, port }, user, database, password, tls: tlsSpec(config.tls), tunnelled }
    return connectPostgres(login, throughTunnel(lease, config.tunnel))
  },

  async close({ pg, release }) {
    release()
    await pg.end()
  },

  test: facts,
  discover,
  query,
  read,
  write,
  explain,
})
