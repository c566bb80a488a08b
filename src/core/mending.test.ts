import { expect, test } from "vitest"
import { type ErrorCode, PlatformError } from "./errors.ts"
import { type Fields, host, optional, port, Secret, secret, text, variant } from "./fields.ts"
import { remediesFor } from "./mending.ts"
import { egressRule } from "./remedies.ts"

const fields: Fields = {
  host: host("Host"),
  port: port("Port", { default: 5432 }),
  database: text("Database", { default: "" }),
  user: text("User", { login: true }),
  password: optional(secret("Password")),
  tls: variant(
    "TLS",
    {
      verify: { title: "Verify", fields: { ca: optional(text("CA certificate", { format: "pem" })), servername: optional(text("Name in the certificate")) } },
      require: { title: "Encrypt", fields: {} },
      off: { title: "Off", fields: {} },
    },
    { default: "verify" },
  ),
  tunnel: variant(
    "SSH tunnel",
    {
      none: { title: "Direct", fields: {} },
      ssh: {
        title: "Bastion",
        fields: { host: host("Bastion host"), user: text("Bastion user"), hostKey: text("Host key"), auth: secret("Bastion password") },
      },
    },
    { default: "none", aims: true },
  ),
}

const through = { kind: "ssh", host: "b", user: "u", hostKey: "SHA256:old", auth: new Secret("s") }

const remedies = (code: ErrorCode, config: object, details: Readonly<Record<string, unknown>> = {}) =>
  remediesFor(new PlatformError(code, "It failed.", { details }), { fields, config: { host: "h", user: "u", ...config } }).map(
    ({ kind, pointer, value, afterMs }) => [kind, pointer, value ?? afterMs].filter((part) => part !== undefined).join(" "),
  )

test("a refused login names the secrets and names of the login that the config uses, never the bastion's", () => {
  expect(remedies("auth_failed", { password: new Secret("x"), tunnel: through })).toEqual(["enter_secret /password", "set_field /user"])
  expect(remedies("auth_failed", {})).toEqual(["enter_secret /password", "set_field /user"])
  expect(remedies("tunnel_auth_failed", { tunnel: through })).toEqual(["enter_secret /tunnel/auth", "set_field /tunnel/user"])
})

test("where the far side asks for a login and the config has none, the choice of the login is named", () => {
  const auth = variant(
    "Authentication",
    { none: { title: "None", fields: {} }, bearer: { title: "Token", fields: { token: secret("Token") } } },
    { default: "none" },
  )
  const found = remediesFor(new PlatformError("auth_failed", "401"), {
    fields: { url: text("URL", { format: "url" }), auth },
    config: { url: "https://a.example" },
  })
  expect(found.map(({ kind, pointer }) => [kind, pointer])).toEqual([["set_field", "/auth/kind"]])
})

test("TLS is advised as the config does not have it yet", () => {
  expect(remedies("tls_required", { tls: { kind: "off" } })).toEqual(["set_field /tls/kind verify"])
  expect(remedies("tls_required", {})).toEqual([])
  expect(remedies("tls_unsupported", {})).toEqual(["set_field /tls/kind off"])
  expect(remedies("tls_untrusted", {})).toEqual(["set_field /tls/ca"])
  expect(remedies("tls_untrusted", { tls: { kind: "require" } })).toEqual([])
  expect(remedies("tls_name_mismatch", {}, { certificateNames: ["db.example.test"] })).toEqual(["set_field /tls/servername db.example.test"])
  expect(remedies("tls_name_mismatch", {}, { certificateNames: ["*.example.test"] })).toEqual(["set_field /tls/servername"])
})

test("a host key to trust comes with its pointer and its value", () => {
  expect(remedies("host_key_mismatch", { tunnel: through }, { hostKey: "SHA256:new" })).toEqual(["trust_host_key /tunnel/hostKey SHA256:new"])
  const own = {
    fields: { host: host("Host"), hostKey: text("Host key"), tunnel: fields["tunnel"] ?? text("Tunnel") },
    config: { host: "h", hostKey: "SHA256:old", tunnel: through },
  }
  const error = new PlatformError("host_key_mismatch", "It failed.", { details: { hostKey: "SHA256:new", server: "h:22" } })
  expect(remediesFor(error, own).map(({ pointer, value }) => [pointer, value])).toEqual([["/hostKey", "SHA256:new"]])
})

test("a destination that no rule can allow has no rule among its remedies", () => {
  expect(remedies("egress_denied", {})).toEqual(["set_field /host", "set_field /port"])
  const rule = new PlatformError("egress_denied", "private", { remedies: [egressRule("Allow it", "10.0.0.1/32:5432")] })
  expect(remediesFor(rule, { fields, config: {} })).toEqual([egressRule("Allow it", "10.0.0.1/32:5432")])
})

test("missing fields are named by what they need", () => {
  const faults = ["/host", "/password", "/tls", "/nothing"].map((pointer) => ({ pointer, message: "missing" }))
  const found = remediesFor(new PlatformError("connector_incomplete", "It lacks fields.", { faults }), { fields, config: {} })
  expect(found.map(({ kind, pointer }) => `${kind} ${pointer}`)).toEqual(["set_field /host", "enter_secret /password", "set_field /tls/kind"])
})

test("waiting says how long where the far side said it", () => {
  expect(remedies("rate_limited", {}, { retryAfterMs: 2_000 })).toEqual(["retry 2000"])
  expect(remedies("circuit_open", {}, { retryAfterSeconds: 3 })).toEqual(["retry 3000"])
  expect(remedies("server_unavailable", {})).toEqual(["retry"])
})
