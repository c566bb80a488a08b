import { choice, optional, secret, text, variant } from "../../core/fields.ts"
import { awsAuthField } from "../shared/aws/credentials.ts"
import { ownerFault } from "../shared/aws/owner.ts"
import { fileFields } from "../shared/files/fields.ts"
import { httpsField } from "../shared/http/https.ts"
import { bareOriginFault } from "../shared/http/origin.ts"
import { tunnelField } from "../shared/ssh.ts"

/** Docs, Amazon S3, Bucket naming rules. The name becomes part of a host or the first part of a path, so nothing else is accepted. */
const bucketFault = (bucket: string): string | undefined =>
  /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(bucket) && !/^\d+(\.\d+){3}$/.test(bucket)
    ? undefined
    : "must have 3 to 63 lower-case letters, digits, dots and hyphens, such as my-exports."

const regionFault = (region: string): string | undefined =>
  /^[a-z0-9]{1,12}(-[a-z0-9]{1,12}){0,4}$/.test(region) ? undefined : "must be a region such as eu-central-1."

const customerKeyFault = (key: string): string | undefined =>
  Buffer.from(key, "base64").length === 32 && /^[A-Za-z0-9+/]{43}=$/.test(key) ? undefined : "must be a key of 256 bits as base64 (44 characters)."

export const fields = {
  bucket: text("Bucket", { maxLength: 63, aims: true, check: bucketFault, example: "my-exports" }),
  region: text("Region", {
    maxLength: 64,
    aims: true,
    check: regionFault,
    example: "eu-central-1",
    help: "The bucket's region. For other services, the region that they sign with, such as us-east-1 or auto.",
  }),
  auth: awsAuthField,
  ...fileFields,
  requesterPays: choice("Requester pays", ["no", "yes"], { default: "no", help: "yes: the login's account pays for requests to a bucket that requires this." }),
  encryption: variant(
    "Encryption",
    {
      bucket: { title: "As the bucket has it", fields: {} },
      s3: { title: "Keys of Amazon S3 (SSE-S3)", fields: {} },
      kms: {
        title: "A key of AWS KMS (SSE-KMS)",
        fields: { kmsKey: text("Key", { maxLength: 2_048, check: keyFault, example: "arn:aws:kms:eu-central-1:123456789012:key/…" }) },
      },
      customer: {
        title: "Your own key (SSE-C)",
        fields: { key: secret("Key", { check: customerKeyFault, help: "256 bits as base64. Every file must be encrypted with it." }) },
      },
    },
    { default: "bucket", help: "For files that are written; your own key is also used for reading." },
  ),
  bucketOwner: optional(text("Owner of the bucket", { maxLength: 12, check: ownerFault, help: "The account that must own the bucket." })),
  endpoint: variant(
    "Endpoint",
    {
      standard: { title: "The region's own", fields: {} },
      fips: { title: "The region's own with validated cryptography (FIPS)", fields: {} },
      custom: {
        title: "Another service with S3's API, or an endpoint of a VPC",
        fields: {
          url: text("URL", { format: "url", check: bareOriginFault, example: "https://minio.example.com:9000" }),
          style: choice("Addressing", ["path", "host"], { default: "path", help: "The place of the bucket: in the path, or before the host." }),
          tls: httpsField,
        },
      },
    },
    { default: "standard", aims: true },
  ),
  tunnel: tunnelField,
}

function keyFault(key: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(key) ? undefined : "must be the ARN, id or alias of a key."
}
