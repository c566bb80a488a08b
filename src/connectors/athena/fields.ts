import { text, variant } from "../../core/fields.ts"
import { awsAuthField } from "../shared/aws/credentials.ts"
import { endpointField, regionField } from "../shared/aws/endpoints.ts"
import { ownerFault } from "../shared/aws/owner.ts"
import { s3UriFault } from "../shared/aws/s3-uri.ts"
import { tunnelField } from "../shared/ssh.ts"

const location = (title: string, help: string) => text(title, { default: "", maxLength: 1_024, check: s3UriFault, example: "s3://bucket/folder/", help })
const name = (title: string, standard: string, help: string) => text(title, { default: standard, maxLength: 255, help })

export const fields = {
  region: regionField,
  auth: awsAuthField,
  workgroup: name("Workgroup", "primary", "It decides the engine's version and the limits of scanned bytes."),
  catalog: name("Catalog", "AwsDataCatalog", "For names without one. Empty: discovery lists every catalog."),
  database: name("Database", "", "For names without one. Empty: discovery lists every database."),
  output: location("Output location", "Where Athena puts results. Empty: the workgroup's own."),
  encryption: variant(
    "Encryption of results",
    {
      none: { title: "The bucket's or workgroup's own", fields: {} },
      SSE_S3: { title: "Keys of Amazon S3", fields: {} },
      SSE_KMS: { title: "A key of AWS KMS", fields: { kmsKey: text("Key", { maxLength: 2_048, example: "arn:aws:kms:eu-central-1:123456789012:key/…" }) } },
    },
    { default: "none" },
  ),
  bucketOwner: text("Owner of the output's bucket", { default: "", maxLength: 12, check: ownerFault, help: "The account that must own the bucket." }),
  tables: location("Location of new tables", "New tables are Iceberg tables in folders below it. Empty: none are created."),
  endpoint: endpointField,
  tunnel: tunnelField,
}
