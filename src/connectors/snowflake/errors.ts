import { codesOf, type ErrorTable } from "../shared/sql/errors.ts"
import { httpErrors, statusOf } from "../shared/sql/http-errors.ts"

/** A password alone is not enough (docs, Multi-factor authentication, Error codes), or not at all: 390197 asks to enroll, as users have published it. */
const SECOND_FACTOR = ["390120", "390121", "390122", "390123", "390124", "390125", "390126", "390127", "390129", "390132", "390197"]

export const errors: ErrorTable = httpErrors({
  product: "Snowflake",
  login: "role",
  // Each account has a host of its own, so a 403 or 404 without a code means that there is no such account.
  codes: codesOf({
    auth_failed: ["390100", "390101", "390102", "390106", "390144", "390146", "390303", "390318", "394400", ...SECOND_FACTOR, "HTTP 403", "HTTP 404"],
    permission_denied: ["390186", "390189", "390422", "003001"],
    database_not_found: ["390201", "000606"],
    cancelled: ["000604"],
    timed_out: ["000630"],
    server_unavailable: ["000625", "090073", "390103", "390104", "390111", "390112"],
    remote_failed: ["000709"],
    internal: ["391903"],
    response_too_large: ["391908"],
  }),
  // Data exceptions, and what SQLSTATE calls data or integrity. Compiling fails for every row.
  isRowFault: (said) => statusOf(said) === 422 && (/^100\d{3}$/.test(said.code) || /^2[23]/.test(String(said.state))),
  isBatchFault: (said) => statusOf(said) !== 422 || /^00[0-3]/.test(said.code),
})

const INSTEAD = "Snowflake is ending passwords without a second factor for people: use a key pair or a programmatic access token."

/** The same table with the sentences of one login, which name what to mend. */
export function errorsFor(
  { host, user, role }: Readonly<Record<"host" | "user" | "role", string>>,
  { kind, fingerprint }: { readonly kind: string; readonly fingerprint?: string | undefined },
): ErrorTable {
  const noAccount = (status: number) =>
    `${host} answers ${status} and knows no such account; check the account identifier, and whether a network rule keeps this hub out.`
  const sentences = {
    "HTTP 403": noAccount(403),
    "HTTP 404": noAccount(404),
    auth_failed:
      kind === "password"
        ? `Snowflake refused user and password of ${user} ({said}); check both. ${INSTEAD}`
        : fingerprint === undefined
          ? "Snowflake refused the token ({said}); check that it is of this account, has not expired, and that a network policy lets this hub in."
          : `Snowflake refused the key pair of ${user} ({said}); check account and user, that \`DESC USER\` shows the fingerprint ${fingerprint}, and this machine's clock.`,
    ...Object.fromEntries(SECOND_FACTOR.map((code) => [code, `Snowflake wants a second factor of ${user} ({said}), which no hub has. ${INSTEAD}`])),
    "390101": `The user ${user} is disabled ({said}); an administrator enables it with ALTER USER … SET DISABLED = FALSE.`,
    "390102": `The user ${user} is locked for some minutes after wrong logins ({said}); try later, or an administrator runs ALTER USER … SET MINS_TO_UNLOCK = 0.`,
    "390106": `The password of ${user} has expired ({said}); change it in Snowsight and enter the new one. ${INSTEAD}`,
    "390104": "Snowflake ended the session, and does not take a new one ({said}); call again.",
    "390422": "Snowflake's network policy does not let this hub in ({said}); add its address to the policy.",
    "003001": "The role lacks a permission: {said}; grant it to the role.",
    permission_denied: `The user ${user} may not take the role ${role} ({said}); GRANT ROLE ${role} TO USER ${user}, or choose another.`,
    "000606": "Snowflake has no warehouse to run this in; name one in the connector, or set the user's default.",
    database_not_found: "Snowflake does not find what the connector names: {said}; check warehouse, database and schema.",
  }
  return { ...errors, sentences }
}
