import { defineConnector } from "../core/connector.ts"
import { explainHttp } from "../core/http/errors.ts"
import { baseOf, connectBucket } from "./s3/bucket.ts"
import { fields } from "./s3/fields.ts"
import { fileClient } from "./shared/files/fields.ts"
import { objectStoreNotes } from "./shared/files/notes.ts"
import type { FileClient } from "./shared/files/open-file.ts"
import { filesOf } from "./shared/files/s3-api/files.ts"
import { fileVerbs, fileWriteVerbs } from "./shared/files/verbs.ts"

/** Amazon S3, and services with its API. */
export const s3 = defineConnector({
  type: "s3",
  title: "Amazon S3",
  category: "object store",
  proof: "server",
  provenBy: "Versity S3 Gateway 1.8.0",
  summary:
    "The files of a bucket of Amazon S3, or of another service with its API, as streams: CSV, NDJSON and JSON, compressed with gzip or zstd or not at all.",
  notes: `${objectStoreNotes({ version: "its ETag", large: "in parts" })}
The identity needs \`s3:ListBucket\` on the bucket and \`s3:GetObject\` on its files; for writes \`s3:PutObject\` and \`s3:AbortMultipartUpload\`; \`kms:Decrypt\` and \`kms:GenerateDataKey\` for KMS keys.`,
  fields,
  address(config) {
    const { bucket, region, endpoint } = config
    if (typeof bucket !== "string" || typeof region !== "string") return undefined
    const url = new URL(baseOf({ bucket, region, endpoint: (endpoint ?? { kind: "standard" }) as never }))
    return { host: url.hostname, port: Number(url.port || (url.protocol === "http:" ? 80 : 443)) }
  },
  connect: (config, lease): FileClient => fileClient(filesOf(connectBucket(config, lease)), config),
  // The dispatcher is the lease's and ends with it.
  close() {},
  ...fileVerbs("Amazon S3"),
  ...fileWriteVerbs(),
  explain: explainHttp,
})
