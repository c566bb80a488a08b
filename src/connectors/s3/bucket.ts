import { createHash } from "node:crypto"
import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { awsCredentials } from "../shared/aws/credentials.ts"
import type { Bucket } from "../shared/files/s3-api/bucket.ts"
import { judge } from "../shared/files/s3-api/errors.ts"
import { urlPath } from "../shared/files/url-paths.ts"
import { sigV4Auth } from "../shared/http/auth/sigv4.ts"
import { httpClient } from "../shared/http/client.ts"
import { httpsSpec } from "../shared/http/https.ts"
import { RETRIES } from "../shared/http/retry.ts"
import { throughTunnel } from "../shared/ssh.ts"
import type { fields } from "./fields.ts"

export type Settings = Config<typeof fields>

/** A page has at most 1,000 files, whose keys have 1,024 bytes each. */
const MAX_BYTES = 8 * 1_048_576

/** The bucket of a config, over HTTPS; sends nothing yet. */
export function connectBucket(settings: Settings, given: Lease): Bucket {
  const { bucket, region, auth, endpoint, requesterPays, bucketOwner } = settings
  const lease = throughTunnel(given, settings.tunnel)
  const standard = { kind: "standard" } as const
  const credentials = awsCredentials(auth, { region, endpoint: endpoint.kind === "fips" ? endpoint : standard })
  const spec = endpoint.kind === "custom" ? httpsSpec(endpoint.tls) : ({ mode: "verify" } as const)
  const base = baseOf(settings)
  const headers = {
    ...(requesterPays === "yes" ? { "x-amz-request-payer": "requester" } : {}),
    ...(bucketOwner === undefined ? {} : { "x-amz-expected-bucket-owner": bucketOwner }),
  }
  return {
    http: httpClient(lease.dispatcher(spec), {
      auth: sigV4Auth(credentials, { region, service: "s3" }),
      maxBytes: MAX_BYTES,
      // A redirect would send the signature elsewhere, so it is not followed; it names the bucket's region.
      redirects: false,
      retries: RETRIES,
      judge: judge(bucket, region),
    }),
    url(key = "", query = {}) {
      const url = new URL(`${base}${urlPath(key)}`)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    headers,
    ...encryptionHeaders(settings.encryption),
  }
}

/** The address of a bucket. AWS's certificates cover one label before the host, so a name with dots is put in the path. */
export function baseOf({ bucket, region, endpoint }: Pick<Settings, "bucket" | "region" | "endpoint">): string {
  if (endpoint.kind === "custom") {
    const { protocol, host } = new URL(endpoint.url)
    return endpoint.style === "path" ? `${protocol}//${host}/${bucket}/` : `${protocol}//${bucket}.${host}/`
  }
  const host = `s3${endpoint.kind === "fips" ? "-fips" : ""}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`
  return bucket.includes(".") ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`
}

/** Docs, Amazon S3, Protecting data with server-side encryption. A customer's own key is sent with every request for a file. */
function encryptionHeaders(encryption: Settings["encryption"]): Pick<Bucket, "reading" | "writing"> {
  switch (encryption.kind) {
    case "bucket":
      return { reading: {}, writing: {} }
    case "s3":
      return { reading: {}, writing: { "x-amz-server-side-encryption": "AES256" } }
    case "kms":
      return { reading: {}, writing: { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": encryption.kmsKey } }
    case "customer": {
      const key = encryption.key.reveal()
      const own = {
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-server-side-encryption-customer-key": key,
        "x-amz-server-side-encryption-customer-key-md5": createHash("md5").update(Buffer.from(key, "base64")).digest("base64"),
      }
      return { reading: own, writing: own }
    }
  }
}
