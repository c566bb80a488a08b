import type { StreamKind } from "../../../../core/streams.ts"
import type { Value } from "../../../../core/values.ts"

const KINDS: readonly (readonly [RegExp, StreamKind])[] = [
  [/^MaterializedView$/, "materialized view"],
  [/View$/, "view"],
  [
    /^(MySQL|PostgreSQL|MaterializedPostgreSQL|MongoDB|SQLite|ODBC|JDBC|HDFS|S3|GCS|COSN|OSS|URL|Azure\w*|Hudi|DeltaLake\w*|Iceberg\w*|Hive|Redis|Executable\w*|File)$/,
    "foreign table",
  ],
  [/^(Kafka|RabbitMQ|NATS|FileLog|\w+Queue)$/, "topic"],
]

/** What a table of that engine is. A topic hands each of its messages out once. */
export const kindOf = (engine: Value | undefined): StreamKind => KINDS.find(([pattern]) => pattern.test(String(engine)))?.[1] ?? "table"
