import type { AnyConnector } from "../core/connector.ts"
import { Registry } from "../core/registry.ts"
import { athena } from "./athena.ts"
import { clickhouse } from "./clickhouse.ts"
import { csv } from "./csv.ts"
import { databricks } from "./databricks.ts"
import { firebolt } from "./firebolt.ts"
import { http } from "./http.ts"
import { mysql } from "./mysql.ts"
import { postgres } from "./postgres.ts"
import { redshift } from "./redshift.ts"
import { singlestore } from "./singlestore.ts"
import { snowflake } from "./snowflake.ts"
import { trino } from "./trino.ts"

/** Every connector type, in the order that lists show them. */
export const connectors: readonly AnyConnector[] = [
  postgres,
  mysql,
  http,
  snowflake,
  databricks,
  redshift,
  singlestore,
  clickhouse,
  trino,
  firebolt,
  athena,
  csv,
]

export const registry = new Registry(connectors)
