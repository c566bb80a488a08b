import type { ErrorCode } from "../../../../core/errors.ts"
import { codeIn, codesOf, type ErrorTable, type Said } from "../errors.ts"
import { httpErrors } from "../http-errors.ts"

/** What a whole kind of errors means where its code is not in the table (docs, ErrorType of Trino's SPI); connectors have codes of their own. */
const KINDS: ReadonlyMap<string, ErrorCode> = new Map([
  ["USER_ERROR", "query_invalid"],
  ["INSUFFICIENT_RESOURCES", "server_unavailable"],
])

const kindOf = ({ details }: Said): string => String(details?.["kind"])

const tableOf = (product: string) =>
  httpErrors({
    product,
    login: "user",
    codes: codesOf({
      permission_denied: ["PERMISSION_DENIED"],
      database_not_found: ["CATALOG_NOT_FOUND", "SCHEMA_NOT_FOUND", "MISSING_CATALOG_NAME", "MISSING_SCHEMA_NAME"],
      cancelled: ["USER_CANCELED", "ADMINISTRATIVELY_KILLED", "ABANDONED_QUERY"],
      timed_out: ["EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT", "EXCEEDED_SCAN_LIMIT"],
      server_unavailable: ["SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "NO_NODES_AVAILABLE", "QUERY_QUEUE_FULL", "TRANSACTION_CONFLICT"],
      config_invalid: ["INVALID_SESSION_PROPERTY", "ROLE_NOT_FOUND"],
      unsupported: ["NOT_SUPPORTED"],
    }),
    sentences: {
      auth_failed: "{product} does not let this user in ({said}); check the user and the password or token.",
      database_not_found: "{product} has no such catalog or schema: {said}; check both in the connector.",
      config_invalid: "{product} refuses a setting of the connector: {said}; check its roles and session properties.",
      unsupported: "The catalog cannot do this: {said}; choose another catalog, or another way to write.",
    },
    // A row's value or what its table demands. Trino's own conversions fail like this too, so that they name the value.
    isRowFault: (said) =>
      /^(INVALID_CAST_ARGUMENT|CONSTRAINT_VIOLATION|NUMERIC_VALUE_OUT_OF_RANGE|INVALID_FUNCTION_ARGUMENT|QUERY_TEXT_TOO_LARGE)$/.test(said.code),
    // The system behind a catalog refuses rows by codes of its own.
    isBatchFault: (said) => kindOf(said) !== "EXTERNAL",
  })

/** The engine's errors by their names (docs, Client protocol; `StandardErrorCode` of its SPI). */
export function trinoErrors(product: string): ErrorTable {
  const table = tableOf(product)
  return { ...table, refine: (said, error) => codeIn(table.codes, said) ?? KINDS.get(kindOf(said)) ?? table.refine?.(said, error) }
}
