import type { ErrorCode } from "../../core/errors.ts"
import { meaningOf } from "../shared/http/statuses.ts"
import type { ErrorTable } from "../shared/sql/errors.ts"
import { saidOf, statusOf } from "../shared/sql/http-errors.ts"

/** The login of a request, for messages that name what to mend. */
export interface Asker {
  readonly host: string
  readonly user: string
  readonly role: string
  readonly fingerprint: string | undefined
}

/** Snowflake's own codes. Each account has a host of its own, so a 403 or 404 without a code means that there is no such account. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ...Object.fromEntries(["390100", "390101", "390144", "390146", "390303", "390318", "394400"].map((code) => [code, "auth_failed"])),
  "HTTP 403": "auth_failed",
  "HTTP 404": "auth_failed",
  "390186": "permission_denied",
  "390189": "permission_denied",
  "390422": "permission_denied",
  "003001": "permission_denied",
  "390201": "database_not_found",
  "000606": "database_not_found",
  "000604": "cancelled",
  "000630": "timed_out",
  "000625": "server_unavailable",
  "090073": "server_unavailable",
  "000709": "remote_failed",
  "391903": "internal",
  "391908": "response_too_large",
}

export const errors: ErrorTable = {
  product: "Snowflake",
  login: "role",
  codeName: "code",
  codes: CODES,
  said: saidOf,
  refine: (said) => CODES[said.code] ?? (statusOf(said) < 400 ? "remote_failed" : meaningOf(statusOf(said)).code),
  // Data exceptions, and what SQLSTATE calls data or integrity.
  isRowFault: (said) => statusOf(said) === 422 && (/^100\d{3}$/.test(said.code) || /^2[23]/.test(String(said.state))),
}

/** The same table with the sentences of one login. */
export const errorsFor = (asker: Asker): ErrorTable => ({ ...errors, sentences: sentencesFor(asker) })

function sentencesFor({ host, user, role, fingerprint }: Asker): Readonly<Record<string, string>> {
  const noAccount = (status: number): string =>
    `${host} answers ${status} and knows no such account; check the account identifier, and whether a network rule keeps this hub out.`
  return {
    "HTTP 403": noAccount(403),
    "HTTP 404": noAccount(404),
    auth_failed:
      fingerprint === undefined
        ? "Snowflake refused the token ({said}); check that it is of this account, has not expired, and that a network policy lets this hub in."
        : `Snowflake refused the key pair of ${user} ({said}); check account and user, that \`DESC USER\` shows the fingerprint ${fingerprint}, and this machine's clock.`,
    "390422": "Snowflake's network policy does not let this hub in ({said}); add its address to the policy.",
    "003001": "The role lacks a permission: {said}; grant it to the role.",
    permission_denied: `The user ${user} may not take the role ${role} ({said}); GRANT ROLE ${role} TO USER ${user}, or choose another.`,
    "000606": "Snowflake has no warehouse to run this in; name one in the connector, or set the user's default.",
    database_not_found: "Snowflake does not find what the connector names: {said}; check warehouse, database and schema.",
    remote_failed: "Snowflake failed: {said} ({code}).",
    internal: "Snowflake failed: {said} ({code}).",
  }
}
