import { defineConnector } from "../core/connector.ts"
import { host, optional, port, secret, text } from "../core/fields.ts"
import { discover } from "./mysql/catalog.ts"
import { connectMysql } from "./mysql/client.ts"
import { explain } from "./mysql/errors.ts"
import { facts } from "./mysql/facts.ts"
import { query } from "./mysql/query.ts"
import { read } from "./mysql/rows.ts"
import { write } from "./mysql/write.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import { throughTunnel, tunnelField } from "./shared/ssh.ts"
import { tlsField, tlsSpec } from "./shared/tls.ts"

/** MySQL 5.7 and MariaDB 10.3 and newer, and what speaks their protocol. */
export const mysql = defineConnector({
  type: "mysql",
  title: "MySQL",
  category: "database",
  proof: "server",
  summary: "A MySQL (5.7 or newer) or MariaDB (10.3 or newer): browse its tables, query it read-only, read streams in key order, and write or upsert rows.",
  fields: {
    host: host("Host", { example: "db.example.com" }),
    port: port("Port", { default: 3306 }),
    database: text("Database", { default: "", maxLength: 64, help: "Empty: every database that the user may see; else this one alone.", example: "shop" }),
    user: text("User", { login: true, maxLength: 128, example: "jackfield", help: "Best a user of its own, with SELECT on what the hub shall read." }),
    password: optional(secret("Password")),
    tls: tlsField,
    tunnel: tunnelField,
  },

  // MySQL Shell and its kin (MySQL docs, 6.2.5).
  url: databaseUrl(["mysql", "mariadb"], 3306, {
    mode: "ssl-mode",
    ca: "ssl-ca",
    modes: { off: "DISABLED", require: "REQUIRED", verify: "VERIFY_IDENTITY" },
  }),
  address: hostAndPort,

  connect(config, lease) {
    const { host, port, database, user, password } = config
    const tunnelled = config.tunnel.kind === "ssh"
    const login = { address: { host, port }, user, database, password, tls: tlsSpec(config.tls), tunnelled }
    return connectMysql(login, throughTunnel(lease, config.tunnel))
  },

  async close({ connection, release }) {
    release()
    await new Promise<void>((resolve) => connection.end(() => resolve()))
    connection.destroy()
  },

  test: facts,
  discover,
  query,
  read,
  write,
  explain,
})
