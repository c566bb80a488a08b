import { expect, test } from "vitest"
import { faultOf, rowReason } from "../shared/sql/errors.ts"
import { refused } from "../shared/sql/http-errors.ts"
import { errors, errorsFor } from "./errors.ts"

const table = errorsFor({ host: "acme.snowflakecomputing.com", user: "JACKFIELD", role: "ANALYST" }, { kind: "key_pair", fingerprint: "SHA256:abc" })

test.each([
  [
    401,
    "390144",
    undefined,
    "JWT token is invalid. [7fb87e37-2f26-4a10-9f9c-72276ea898bf]",
    "auth_failed",
    /JWT token is invalid\).*DESC USER.*SHA256:abc.*clock/,
  ],
  [401, "390100", undefined, "Incorrect username or password was specified.", "auth_failed", /JACKFIELD/],
  [403, undefined, undefined, undefined, "auth_failed", /acme\.snowflakecomputing\.com answers 403.*account identifier/],
  [404, undefined, undefined, undefined, "auth_failed", /no such account/],
  [400, "390186", "08004", "Role 'ANALYST' is not granted to this user.", "permission_denied", /GRANT ROLE ANALYST TO USER JACKFIELD/],
  [403, "390422", undefined, "Incoming request with IP/Token 1.2.3.4 is not allowed.", "permission_denied", /network policy/],
  [422, "003001", "42501", "SQL access control error:\nInsufficient privileges", "permission_denied", /Insufficient privileges/],
  [422, "000606", "57P03", "No active warehouse selected in the current session.", "database_not_found", /no warehouse/],
  [
    422,
    "002003",
    "42S02",
    "SQL compilation error:\nObject 'T' does not exist or not authorized.",
    "query_invalid",
    /Object 'T' does not exist or not authorized\.$/,
  ],
  [422, "001003", "42000", "SQL compilation error:\nsyntax error line 1 at position 7 unexpected 'FORM'.", "query_invalid", /syntax error line 1/],
  [422, "391911", undefined, "Command not supported by SQL API: PUT", "query_invalid", /not supported/],
  [422, "000604", "57014", "SQL execution canceled", "cancelled", /cancelled the statement/],
  [408, "000630", "57014", "Statement reached its statement or warehouse timeout", "timed_out", /stopped the statement/],
  [504, undefined, undefined, undefined, "timed_out", /HTTP 504/],
  [429, undefined, undefined, "Too many requests.", "rate_limited", /less often/],
  [503, undefined, undefined, undefined, "server_unavailable", /HTTP 503/],
  [500, "000603", "XX000", "SQL execution internal error", "remote_failed", /internal error \(000603\)/],
  [400, "391903", undefined, "User-Agent header is missing.", "internal", /User-Agent/],
  [200, "391908", undefined, "Result set is too large.", "response_too_large", /ask for less/],
])("%s %s", (status, code, sqlState, message, expected, says) => {
  const error = refused(table, status, { code, sqlState, message })
  expect([error.code, error.message]).toEqual([expected, expect.stringMatching(says)])
  expect(error.message).toMatch(/\.$/)
  expect(error.message).not.toMatch(/[\n[]|\.\.$/)
})

test("a refusal's place and numbers are facts", () =>
  expect(refused(table, 422, { code: "001003", sqlState: "42000", message: "syntax error line 3 at position 14 unexpected 'x'." }).details).toEqual({
    status: 422,
    code: "001003",
    sqlstate: "42000",
    line: 3,
    position: 14,
  }))

test("a key pair's token that is said back is cut out", () =>
  expect(refused(table, 401, { code: "390144", message: "Bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJBIn0.c2ln_-x here." }).message).toMatch(/Bad \[secret\] here\)/))

test("only data is the fault of rows", () => {
  const fault = (status: number, code: string, sqlState: string) => rowReason(errors, refused(table, status, { code, sqlState, message: "" })) !== undefined
  expect([fault(422, "100038", "22018"), fault(422, "100072", "22000"), fault(422, "100090", "42P18")]).toEqual([true, true, true])
  expect([fault(422, "002003", "42S02"), fault(422, "000606", "57P03"), fault(408, "000630", "57014"), fault(503, "", "")]).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect(rowReason(errors, new Error("x"))).toBeUndefined()
})

test("a fault of compiling is the batch's, and another one of running is decided by trial", () => {
  const fault = (status: number, code: string) => faultOf(errors, refused(table, status, { code, message: "" }))
  expect([fault(422, "002140"), fault(422, "001003"), fault(422, "000606"), fault(503, ""), fault(408, "000630")]).toEqual(Array(5).fill("batch"))
  expect([fault(422, "200039"), fault(422, "100038")]).toEqual(["unclear", "row"])
})
