import type { HttpAnswer } from "../../../core/http/request.ts"
import { jsonIn } from "../json-in.ts"

/** What a service of AWS refuses with, whichever of its protocols it speaks. */
export interface AwsRefusal {
  /** `AccessDeniedException`, without namespace and link. */
  readonly code: string | undefined
  readonly message: string | undefined
}

/** The refusal in an answer: JSON with `__type` (docs, AWS JSON 1.1), or XML with `Code` as the query protocol and S3 give it. */
export function refusalOf({ body, headers }: HttpAnswer): AwsRefusal {
  const text = body.toString("utf8", 0, 65_536)
  const said = jsonIn(text) ?? {}
  const tag = (name: string): string | undefined => new RegExp(`<${name}>([^<]{1,2000})</${name}>`).exec(text)?.[1]
  const string = (name: string): string | undefined => (typeof said[name] === "string" ? (said[name] as string) : undefined)
  const code = headers["x-amzn-errortype"] ?? string("__type") ?? string("code") ?? tag("Code")
  return { code: code?.replace(/^.*#/, "").replace(/:.*$/s, ""), message: string("message") ?? string("Message") ?? tag("Message") }
}

/** The codes that all services have (docs, AWS APIs, Common errors; Amazon S3, Error responses), by ours. */
export const AWS_CODES = {
  auth_failed: [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestExpired",
    "OptInRequired",
  ],
  permission_denied: ["AccessDeniedException", "AccessDenied", "NotAuthorized"],
  rate_limited: ["TooManyRequestsException", "ThrottlingException", "Throttling"],
  server_unavailable: ["InternalServerException", "InternalFailure", "ServiceUnavailable"],
} as const
