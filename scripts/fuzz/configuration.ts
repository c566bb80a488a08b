/** Who calls; `operator` only what operators alone may do. */
export type Caller = "operator" | "admin" | "editor" | "viewer"

interface Exception {
  readonly paths: readonly string[]
  readonly methods?: readonly string[]
  readonly statuses: readonly number[]
  readonly because: string
}

/** Where a request that fits its schema may be refused all the same, and why no schema can say so. */
const EXCEPTIONS: readonly Exception[] = [
  {
    paths: ["/v1/connectors", "/v1/connectors/test", "/v1/connectors/compare", "/v1/connectors/{id}", "/v1/connectors/{id}/credentials/next"],
    statuses: [400, 422],
    because: "a config is judged by its type, whose schema is at /v1/connector-types/{type}",
  },
  {
    paths: ["/v1/connectors/{id}/call", "/v1/connectors/{id}/inputs", "/v1/connectors/{id}/query", "/v1/connectors/{id}/rows", "/v1/connectors/{id}/discover"],
    statuses: [400, 422],
    because: "not every type can do it, and what a system makes of a statement it alone knows",
  },
  {
    paths: ["/v1/connectors/{id}/catalog", "/v1/connectors/{id}/test", "/v1/connectors/{id}/check", "/v1/connectors/{id}/versions/{version}/restore"],
    statuses: [400, 422],
    because: "a draft cannot be tested, and a version may be of a type that is gone",
  },
  {
    paths: ["/v1/connectors/{id}/credentials/next/test", "/v1/connectors/{id}/credentials/switch", "/v1/connectors/{id}/credentials/rollback"],
    statuses: [400, 422],
    because: "there must be something staged, or something to go back to",
  },
  {
    paths: ["/v1/sessions", "/v1/sessions/{id}", "/v1/me", "/v1/me/password"],
    statuses: [422],
    because: "they are of a login, and an API key has none",
  },
  { paths: ["/v1/audit", "/v1/audit/verify"], statuses: [422], because: "a query cannot say that seq takes hash, nor which times there are" },
  { paths: ["/v1/keys", "/v1/keys/{id}/rotate"], statuses: [422], because: "an expiry must lie ahead" },
  { paths: ["/v1/webhooks", "/v1/webhooks/{id}", "/v1/webhooks/{id}/ping"], statuses: [422], because: "a URL must be of http or https, and name a host" },
  { paths: ["/v1/egress"], statuses: [422], because: "a rule has a syntax and an arithmetic of its own" },
  { paths: ["/v1/workspaces/{id}", "/v1/users/{id}"], statuses: [422], because: "the name must be said once more; the last admin stays" },
]

/** Routes that end the key which all the other requests need; they are called in a run of their own. */
const ENDING = ["/v1/keys/{id}", "/v1/keys/{id}/rotate"]

const quoted = (texts: readonly (string | number)[]): string => `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`

/** What schemathesis is told: who calls, how much, which checks; a refusal by role, absence or version is never a fault. */
export function configuration(caller: Caller, key: string, examples: number, ending: boolean): string {
  const expected = ["2xx", "401", "403", "404", "409", "412", "413"]
  const exceptions = EXCEPTIONS.map(
    ({ paths, statuses, because }) => `# ${because}
[[operations]]
include-path = ${quoted(paths)}
checks.positive_data_acceptance.expected-statuses = ${quoted([...expected, ...statuses.map(String)])}
`,
  )
  return `
headers = { Authorization = "Bearer ${key}" }
request-timeout = 60.0
workers = 1
continue-on-failure = true

# A cursor is opaque: any text fits its schema, and only one that a list gave is one. Bad ones are in test/api.
[parameters]
cursor = "djE6MA"
stream = '["public","things"]'
label = "team:sales"

[generation]
max-examples = ${examples}
# No text of ours holds a null character, since PostgreSQL has none; that each is refused is in test/api.
allow-x00 = false

[checks]
positive_data_acceptance.expected-statuses = ${quoted(expected)}
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]

[phases.stateful]
enabled = false

${exceptions.join("\n")}
[[operations]]
${ending ? `exclude-path = ${quoted(ENDING)}` : `include-path = ${quoted(ENDING)}`}
enabled = false
${caller === "operator" ? `\n[[operations]]\ninclude-path-regex = "^/(?!v1/(workspaces|egress))"\nenabled = false\n` : ""}`
}
