import { codesOf, type ErrorTable } from "../shared/sql/errors.ts"
import { httpErrors, statusOf } from "../shared/sql/http-errors.ts"

const GRANT = "The principal lacks a permission: {said}; grant it in Unity Catalog, and CAN USE on the warehouse."
const WIDENING = "run ALTER TABLE … SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true') first"

/** By the API's `error_code`, then a statement's error class in brackets, then its SQLSTATE (docs, Error classes). */
export const errors: ErrorTable = httpErrors({
  product: "Databricks",
  login: "principal",
  codes: codesOf({
    auth_failed: ["UNAUTHENTICATED", "HTTP 401", "HTTP 403", "INVALID_TOKEN"],
    permission_denied: ["PERMISSION_DENIED", "INSUFFICIENT_PERMISSIONS", "UC_PERMISSION_DENIED", "42501"],
    database_not_found: ["CATALOG_DOES_NOT_EXIST", "SCHEMA_DOES_NOT_EXIST", "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION", "42704"],
    cancelled: ["CANCELLED", "HY008"],
    timed_out: ["DEADLINE_EXCEEDED", "57KD0", "HYT00"],
    server_unavailable: ["TEMPORARILY_UNAVAILABLE", "SERVICE_UNDER_MAINTENANCE", "WORKSPACE_TEMPORARILY_UNAVAILABLE", "ABORTED"],
    rate_limited: ["RESOURCE_EXHAUSTED", "REQUEST_LIMIT_EXCEEDED"],
    response_too_large: ["INLINE_BYTE_LIMIT_EXCEEDED"],
    query_invalid: ["BAD_REQUEST", "INVALID_PARAMETER_VALUE", "21", "22", "23", "42"],
    remote_failed: ["INTERNAL_ERROR", "IO_ERROR", "UNKNOWN", "XX"],
  }),
  sentences: {
    auth_failed: "Databricks refused the login ({said}); check the token, or the client id and secret, and that an IP access list lets this hub in.",
    permission_denied: GRANT,
    DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP: `Databricks does not change the column in place: {said}; ${WIDENING}.`,
  },
  // Data exceptions and constraints, as SQLSTATE has them. A parameter that is missing is the statement's.
  isRowFault: (said) => statusOf(said) < 300 && /^2[23]/.test(String(said.state)),
  isBatchFault: (said) => statusOf(said) >= 300 || /^(42|0A|57|HY)/.test(String(said.state)),
})
