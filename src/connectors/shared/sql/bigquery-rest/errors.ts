import { googleRefusal } from "../../google/refusals.ts"
import { codesOf, type ErrorTable } from "../errors.ts"
import { httpErrors, type Refusal } from "../http-errors.ts"

/** By the reason of a refusal or of a failed job (docs, Error messages), then by the canonical code, then by the status. */
export const errors: ErrorTable = httpErrors({
  product: "BigQuery",
  login: "account",
  codes: codesOf({
    auth_failed: ["authError", "required", "invalidUser", "UNAUTHENTICATED", "HTTP 401"],
    permission_denied: [
      "accessDenied",
      "forbidden",
      "insufficientPermissions",
      "billingNotEnabled",
      "blocked",
      "accessNotConfigured",
      "SERVICE_DISABLED",
      "PERMISSION_DENIED",
      "HTTP 403",
    ],
    cancelled: ["stopped"],
    timed_out: ["timeout"],
    rate_limited: ["rateLimitExceeded", "quotaExceeded", "jobRateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED"],
    response_too_large: ["responseTooLarge"],
    server_unavailable: ["backendError", "tableUnavailable", "jobBackendError", "UNAVAILABLE"],
    query_invalid: [
      ...["invalidQuery", "invalid", "badRequest", "parseError", "notFound", "duplicate", "notImplemented", "attributeError", "resourceInUse"],
      ...["resourcesExceeded", "bytesBilledLimitExceeded", "billingTierLimitExceeded", "INVALID_ARGUMENT", "NOT_FOUND", "HTTP 404"],
    ],
    remote_failed: ["internalError", "jobInternalError", "INTERNAL"],
  }),
  sentences: {
    auth_failed: "Google refuses the login ({said}); check the token, or the key and whether its account still exists.",
    permission_denied: "The account lacks a permission: {said}; grant it a role such as BigQuery Data Viewer, and BigQuery Job User on the project that pays.",
    insufficientPermissions: "The token lacks the scope of BigQuery ({said}); create one with the scope https://www.googleapis.com/auth/bigquery.",
    rate_limited: "BigQuery's limits are reached: {said}; call less often, or raise the quota.",
    bytesBilledLimitExceeded: "The statement would be billed for more than the connector allows: {said}; ask for less, or raise the connector's limit.",
  },
  // A load job fails so for its rows, and also for a wrong configuration: a trial without rows tells.
  isRowFault: () => false,
  isBatchFault: ({ code }) => code !== "invalid",
})

/** A refusal in an answer. */
export const refusal = (body: Readonly<Record<string, unknown>>): Refusal => googleRefusal(body)
