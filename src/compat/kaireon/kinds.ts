import type { Kind, Settings } from "./kind.ts"
import { mysql } from "./mysql.ts"
import { postgresql } from "./postgresql.ts"
import { restApi, webhook } from "./rest-api.ts"
import { snowflake } from "./snowflake.ts"

const KINDS: readonly Kind[] = [postgresql, mysql, snowflake, restApi, webhook]

/** Types of the page that are not built yet; refused by name. */
export const NOT_BUILT: readonly string[] = [
  ...["redshift", "databricks", "bigquery", "mongodb", "kafka", "confluent_kafka", "aws_s3", "gcs"],
  ...["azure_blob", "sftp", "amazon_kinesis", "salesforce", "hubspot"],
]

/** The kinds whose native type this hub has. */
export const kindsOf = (isBuilt: (native: string) => boolean): Kind[] => KINDS.filter((kind) => isBuilt(kind.native))

export const kindNamed = (type: string): Kind | undefined => KINDS.find((kind) => kind.type === type)

/** The kind of a native connector that no document names. */
export const kindFor = (native: string, config: Settings): Kind | undefined =>
  native === "http" && config["probe"] === "head" ? webhook : KINDS.find((kind) => kind.native === native)
