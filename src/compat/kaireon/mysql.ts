import type { Kind } from "./kind.ts"
import { connectionString, postgresql } from "./postgresql.ts"

/** MySQL and MariaDB: the keys of `postgresql`, with another port. */
export const mysql: Kind = {
  ...postgresql,
  type: "mysql",
  native: "mysql",
  implied: { port: 3306 },
  compound: connectionString(/^(mysql|mariadb):\/\//, "mysql://user:password@host:port/database", 3306),
}
