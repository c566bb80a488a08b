import { type ErrorCode, PlatformError } from "../../../../core/errors.ts"
import type { HttpAnswer } from "../../../../core/http/request.ts"
import { AWS_CODES, refusalOf } from "../../aws/refusals.ts"
import { byStatus, factsOf, type Judge } from "../../http/statuses.ts"

/** Docs, Amazon S3, Error responses. */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  NoSuchBucket: ["database_not_found", "check the bucket's name and the endpoint"],
  NoSuchKey: ["stream_not_found", "discover again, and take the path from the catalog"],
  AllAccessDisabled: ["permission_denied", "ask the bucket's owner"],
  InvalidObjectState: ["permission_denied", "the file is in an archive; restore it, or exclude it with Files"],
  XAdminUserNotFound: ["auth_failed", "check the access key and its secret"],
  SlowDown: ["rate_limited", "try again in a moment"],
  InvalidRange: ["query_invalid", "the file was changed or replaced since the read began; read it again from its beginning"],
  PreconditionFailed: ["query_invalid", "the file was changed during the read; read it again from its beginning"],
  RequestTimeTooSkewed: ["auth_failed", "set the hub's clock"],
  NotImplemented: ["unsupported", "the service does not support the operation; remove the setting that needs it"],
}
const LOGIN = "check the access key and its secret"
const GRANT = "allow s3:ListBucket on the bucket, and s3:GetObject and s3:PutObject on its files"

/** The error for a bucket's answer, by the code in its XML; undefined for a success. */
export const judge =
  (bucket: string, region: string): Judge =>
  (answer, call) => {
    if (answer.status >= 200 && answer.status < 300) return undefined
    const elsewhere = regionIn(answer)
    if (elsewhere !== undefined && elsewhere !== region)
      return new PlatformError("config_invalid", `The bucket ${bucket} is in the region ${elsewhere}, not in ${region}; correct Region.`, {
        faults: [{ pointer: "/config/region", message: `must be ${elsewhere}.` }],
      })
    if (answer.status < 400)
      return new PlatformError(
        "response_invalid",
        `${answer.url.origin} answers with a redirect (${answer.status}), which is not followed; correct Region or Endpoint.`,
        {
          details: factsOf(answer),
        },
      )
    const { code, message } = refusalOf(answer)
    const [ours, next] = meaning(code) ?? []
    if (code === undefined || ours === undefined) return byStatus(answer, call)
    const said = call.scrub?.(message ?? code, 300) ?? code
    return new PlatformError(ours, `${answer.url.origin} refuses: ${said.replace(/\.$/, "")} (${code}); ${next}.`, { details: { ...factsOf(answer), code } })
  }

function meaning(code: string | undefined): readonly [ErrorCode, string] | undefined {
  if (code === undefined) return undefined
  if (code in CODES) return CODES[code]
  for (const [ours, codes] of Object.entries(AWS_CODES) as [ErrorCode, readonly string[]][])
    if (codes.includes(code)) return [ours, ours === "auth_failed" ? LOGIN : ours === "permission_denied" ? GRANT : "try again in a moment"]
  return undefined
}

/** The bucket's region, as named by a redirect or a rejected signature. */
function regionIn({ status, headers, body }: HttpAnswer): string | undefined {
  const said = headers["x-amz-bucket-region"] ?? /<Region>([a-z0-9-]{1,40})<\/Region>/.exec(body.toString("utf8", 0, 4_096))?.[1]
  return status === 301 || status === 307 || status === 400 || status === 403 ? said : undefined
}
