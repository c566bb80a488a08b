import type { AnyConnector } from "../core/connector.ts"
import { Registry } from "../core/registry.ts"
import { athena } from "./athena.ts"
import { azureBlob } from "./azure_blob.ts"
import { bigquery } from "./bigquery.ts"
import { clickhouse } from "./clickhouse.ts"
import { csv } from "./csv.ts"
import { databricks } from "./databricks.ts"
import { firebolt } from "./firebolt.ts"
import { gcs } from "./gcs.ts"
import { http } from "./http.ts"
import { mssql } from "./mssql.ts"
import { mysql } from "./mysql.ts"
import { postgres } from "./postgres.ts"
import { redshift } from "./redshift.ts"
import { s3 } from "./s3.ts"
import { sftp } from "./sftp.ts"
import { singlestore } from "./singlestore.ts"
import { snowflake } from "./snowflake.ts"
import { trino } from "./trino.ts"
import { webhook } from "./webhook.ts"

/** Every connector type, in the order that lists show them. */
export const connectors: readonly AnyConnector[] = [
  postgres,
  mysql,
  mssql,
  http,
  snowflake,
  databricks,
  redshift,
  singlestore,
  clickhouse,
  trino,
  firebolt,
  athena,
  bigquery,
  s3,
  gcs,
  azureBlob,
  sftp,
  csv,
  webhook,
]

export const registry = new Registry(connectors)
