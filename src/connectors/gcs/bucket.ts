import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { googleAuth } from "../shared/google/auth.ts"
import { googleHost } from "../shared/google/endpoints.ts"
import { httpClient } from "../shared/http/client.ts"
import { RETRIES } from "../shared/http/retry.ts"
import { throughTunnel } from "../shared/ssh.ts"
import { judge } from "./errors.ts"
import type { fields } from "./fields.ts"
import type { Objects } from "./files.ts"

const SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
/** Of a page of 1,000 files. */
const MAX_BYTES = 4 * 1_048_576

/** The bucket of a config (docs, Cloud Storage JSON API). Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectObjects(settings: Config<typeof fields>, given: Lease): Objects {
  const { bucket, billing, encryption, endpoint } = settings
  const lease = throughTunnel(given, settings.tunnel)
  const auth = googleAuth(settings.auth, settings.impersonate, SCOPES)
  return {
    http: httpClient(lease.dispatcher({ mode: "verify" }), { auth, maxBytes: MAX_BYTES, redirects: false, retries: RETRIES, judge: judge(bucket) }),
    origin: `https://${googleHost("storage", endpoint)}`,
    bucket,
    query: billing === undefined ? {} : { userProject: billing },
    writing: encryption.kind === "kms" ? { kmsKeyName: encryption.kmsKey } : {},
  }
}
