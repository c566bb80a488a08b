/** The caller's role; `operator` covers only the operations that are reserved for operators. */
export type Caller = "operator" | "admin" | "editor" | "viewer"

interface Exception {
  readonly paths: readonly string[]
  readonly methods?: readonly string[]
  readonly statuses: readonly number[]
  /** Statuses of a request that does not fit the schema and is accepted all the same. */
  readonly lenient?: readonly number[]
  readonly because: string
}

/** The statuses of a failure on the far side. */
const REMOTE = [502, 504]

/** Operations that may reject a request although it fits the schema, and the reason that no schema can express. */
const EXCEPTIONS: readonly Exception[] = [
  {
    paths: ["/v1/connectors", "/v1/connectors/test", "/v1/connectors/compare", "/v1/connectors/{id}", "/v1/connectors/{id}/credentials/next"],
    statuses: [400, 422],
    lenient: [200, 201],
    because: "a type judges its config further than a schema can; null stands for a default, and a test accepts an incomplete config",
  },
  {
    paths: ["/v1/connectors/{id}/call", "/v1/connectors/{id}/inputs", "/v1/connectors/{id}/query", "/v1/connectors/{id}/rows", "/v1/connectors/{id}/discover"],
    statuses: [400, 422, ...REMOTE],
    because: "not every type supports it, only the system knows whether a statement is valid, and there may be no such system",
  },
  {
    paths: ["/v1/connectors/{id}/catalog", "/v1/connectors/{id}/test", "/v1/connectors/{id}/check", "/v1/connectors/{id}/versions/{version}/restore"],
    statuses: [400, 422],
    because: "a draft cannot be tested, and the type of a version may no longer exist",
  },
  {
    paths: ["/v1/connectors/{id}/credentials/next/test", "/v1/connectors/{id}/credentials/switch", "/v1/connectors/{id}/credentials/rollback"],
    statuses: [400, 422],
    because: "credentials must be staged, or kept for a rollback",
  },
  {
    paths: ["/v1/sessions", "/v1/sessions/{id}", "/v1/me", "/v1/me/password"],
    statuses: [422],
    because: "they belong to a login, and an API key has none",
  },
  { paths: ["/v1/audit", "/v1/audit/verify"], statuses: [422], because: "a query schema cannot express that seq requires hash, nor which times exist" },
  { paths: ["/v1/keys", "/v1/keys/{id}/rotate"], statuses: [422], because: "an expiry must be in the future" },
  { paths: ["/v1/webhooks", "/v1/webhooks/{id}", "/v1/webhooks/{id}/ping"], statuses: [422], because: "a URL must use http or https and name a host" },
  { paths: ["/v1/egress"], statuses: [422], because: "a rule has its own syntax and arithmetic" },
  { paths: ["/v1/workspaces/{id}", "/v1/users/{id}"], statuses: [422], because: "the name must be repeated; the last admin stays" },
]

/** Routes that end the key of all other requests; they are called in a separate run. */
const ENDING = ["/v1/keys/{id}", "/v1/keys/{id}/rotate"]

/** The statuses with which a request that does not fit its schema is rejected. */
const REJECTED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]

const quoted = (texts: readonly (string | number)[]): string => `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`

/**
 * The configuration of schemathesis: the caller, the number of examples, the checks. A rejection because of role,
 * absence or version is never a failure.
 */
export function configuration(caller: Caller, key: string, examples: number, ending: boolean): string {
  const expected = ["2xx", "401", "403", "404", "409", "412", "413"]
  const exceptions = EXCEPTIONS.map(
    ({ paths, statuses, lenient = [], because }) => `# ${because}
[[operations]]
include-path = ${quoted(paths)}
checks.positive_data_acceptance.expected-statuses = ${quoted([...expected, ...statuses.map(String)])}
checks.negative_data_rejection.expected-statuses = ${quoted([...REJECTED, ...lenient.map(String)])}
checks.not_a_server_error.expected-statuses = ${quoted(["2xx", "3xx", "4xx", ...statuses.filter((status) => status >= 500).map(String)])}
`,
  )
  return `
headers = { Authorization = "Bearer ${key}" }
request-timeout = 60.0
workers = 1
continue-on-failure = true

# A cursor is opaque: any text fits its schema, but only a cursor returned by a list is valid. test/api has invalid ones.
[parameters]
cursor = "djE6MA"
stream = '["public","things"]'
label = "team:sales"

[generation]
max-examples = ${examples}
# PostgreSQL stores no null characters, so no text may contain one; test/api tests that each is rejected.
allow-x00 = false

[checks]
positive_data_acceptance.expected-statuses = ${quoted(expected)}
negative_data_rejection.expected-statuses = ${quoted(REJECTED)}

[phases.stateful]
enabled = false

# test/api sends the examples, in an order in which each finds what it needs.
[phases.examples]
enabled = false

${exceptions.join("\n")}
[[operations]]
${ending ? `exclude-path = ${quoted(ENDING)}` : `include-path = ${quoted(ENDING)}`}
enabled = false
${caller === "operator" ? `\n[[operations]]\ninclude-path-regex = "^/(?!v1/(workspaces|egress))"\nenabled = false\n` : ""}`
}
