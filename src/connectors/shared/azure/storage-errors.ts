import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import { byStatus, factsOf, type Judge } from "../http/statuses.ts"

const READER = "give the login the role Storage Blob Data Reader on the container, and Storage Blob Data Contributor for writes"

/** Docs, Blob service error codes. */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  AuthenticationFailed: ["auth_failed", "check the key, the signature or the token, and the hub's clock"],
  InvalidAuthenticationInfo: ["auth_failed", "check the key, the signature or the token"],
  NoAuthenticationInformation: ["auth_failed", "check the login"],
  AccountIsDisabled: ["auth_failed", "enable the account"],
  KeyBasedAuthenticationNotPermitted: ["auth_failed", "the account does not accept keys; log in with Microsoft Entra"],
  AuthorizationFailure: ["permission_denied", "let the hub's address through the account's firewall, or give the login its rights"],
  AuthorizationPermissionMismatch: ["permission_denied", READER],
  AuthorizationSourceIPMismatch: ["permission_denied", "let the hub's address through"],
  AuthorizationProtocolMismatch: ["permission_denied", "the signature is for https alone"],
  AuthorizationServiceMismatch: ["permission_denied", "the signature is for another service than blobs"],
  AuthorizationResourceTypeMismatch: ["permission_denied", "the signature has to be for containers and objects"],
  InsufficientAccountPermissions: ["permission_denied", READER],
  PublicAccessNotPermitted: ["permission_denied", READER],
  ContainerNotFound: ["database_not_found", "check the container's name"],
  ContainerBeingDeleted: ["database_not_found", "wait until it is gone, or take another container"],
  ResourceNotFound: ["stream_not_found", "discover again, and take the path from the catalog"],
  BlobNotFound: ["stream_not_found", "discover again, and take the path from the catalog"],
  BlobArchived: ["permission_denied", "the file is in the archive; rehydrate it, or leave it out by Files"],
  ConditionNotMet: ["query_invalid", "the file was changed meanwhile; read it again from its beginning"],
  ServerBusy: ["rate_limited", "try again in a moment"],
  OperationTimedOut: ["timed_out", "try again in a moment"],
}

/** The error of an answer of the container, by its code; undefined for a success. */
export const judge =
  (container: string): Judge =>
  (answer, call) => {
    const { status, url, headers } = answer
    if (status >= 200 && status < 300) return undefined
    if (status < 400)
      return new PlatformError("response_invalid", `${url.origin} answers ${status} and leads elsewhere, which is not followed; correct Endpoint.`, {
        details: factsOf(answer),
      })
    const text = answer.body.toString("utf8", 0, 65_536)
    const code = headers["x-ms-error-code"] ?? /<Code>(\w{1,80})<\/Code>/.exec(text)?.[1] ?? ""
    const found = CODES[code]
    if (found === undefined) return byStatus(answer, call)
    const [first = code] = (/<Message>([^<]{1,2000})/.exec(text)?.[1] ?? code).split(/\s*\n/, 1)
    return new PlatformError(found[0], `${url.origin} refuses ${container}: ${(call.scrub?.(first, 300) ?? code).replace(/\.$/, "")} (${code}); ${found[1]}.`, {
      details: { ...factsOf(answer), code },
    })
  }
