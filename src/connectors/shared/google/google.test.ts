import { generateKeyPairSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BROKEN, INSIDE, PRIVATE, urlForms } from "../../../../test/egress/forms.ts"
import { parseConfig } from "../../../core/config.ts"
import { Secret } from "../../../core/fields.ts"
import { googleEndpointField, googleHost } from "./endpoints.ts"
import { googleRefusal } from "./refusals.ts"
import { readServiceAccount, serviceAccountFault, serviceAccountOf } from "./service-account.ts"

const pem = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey
const KEY = { type: "service_account", project_id: "p", private_key_id: "abc", private_key: pem, client_email: "a@p.iam.gserviceaccount.com" }
const key = (more: object = {}) => JSON.stringify({ ...KEY, ...more })

describe("a service account's key", () => {
  test("gives its account and its private key, and none of its URLs", () => {
    const read = readServiceAccount(key({ token_uri: "https://evil.example/token", auth_uri: "https://evil.example", universe_domain: "evil.example" }))
    expect(read).toEqual({ email: KEY.client_email, keyId: "abc", privateKey: pem })
    expect(serviceAccountOf(new Secret(key()), "/auth/key").key.asymmetricKeyType).toBe("rsa")
  })

  test.each([
    ["no JSON", /JSON text of a service account/],
    ["-----BEGIN PRIVATE KEY-----\nx", /private key alone/],
    ["MIIJRAIBAzCCCQoGCSqGSIb3", /form P12/],
    [JSON.stringify({ type: "authorized_user", refresh_token: "x" }), /login of a user/],
    [JSON.stringify({ type: "external_account", credential_source: { executable: { command: "/bin/sh" } } }), /workload identity/],
    [JSON.stringify({ type: "impersonated_service_account" }), /impersonates/],
    [JSON.stringify({ installed: { client_id: "x" } }), /OAuth client/],
    [JSON.stringify({}), /type in it/],
    ["[]", /type in it/],
    ["null", /JSON text/],
    [key({ client_email: "a@evil.example" }), /client_email/],
    [key({ private_key: "x" }), /private_key/],
  ])("%s is none", (text, fault) => expect(serviceAccountFault(text)).toMatch(fault))

  test("whose PEM cannot be read is a fault of the config", () => {
    const broken = new Secret(key({ private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" }))
    expect(() => serviceAccountOf(broken, "/auth/key")).toThrow(
      expect.objectContaining({ code: "config_invalid", faults: [expect.objectContaining({ pointer: "/auth/key" })] }),
    )
  })
})

describe("an endpoint", () => {
  test.each([
    [{ kind: "global" }, "bigquery.googleapis.com"],
    [{ kind: "regional", region: "europe-west3" }, "bigquery.europe-west3.rep.googleapis.com"],
    [{ kind: "regional", region: "us" }, "bigquery.us.rep.googleapis.com"],
    [{ kind: "private", name: "xyz" }, "bigquery-xyz.p.googleapis.com"],
  ] as const)("%j answers at %s", (endpoint, host) => expect(googleHost("bigquery", endpoint)).toBe(host))

  const leadsHome = (text: string): void => {
    for (const endpoint of [
      { kind: "regional", region: text },
      { kind: "private", name: text },
    ]) {
      const { faults, plain } = parseConfig({ endpoint: googleEndpointField }, { endpoint })
      if (faults.length > 0) continue
      const host = googleHost("bigquery", plain["endpoint"] as never)
      expect(host).toMatch(/^bigquery[a-z0-9.-]*\.(rep|p)\.googleapis\.com$/)
      expect(new URL(`https://${host}/bigquery/v2/`).hostname).toBe(host)
    }
  }

  test("never leads elsewhere, by the forms of forbidden destinations", () => {
    for (const { text } of [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)])
      for (const form of [text, `${text}.rep.googleapis.com`, `x.${text}/#`, `x@${text}`, `x#${text}`, `x\\${text}`]) leadsHome(form)
  })

  test("never leads elsewhere, by any text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.webUrl(), fc.domain()), leadsHome))
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9.-]{1,20}$/), leadsHome))
  })
})

test.each([
  [{ error: { code: 403, message: "no", errors: [{ reason: "accessDenied" }], status: "PERMISSION_DENIED" } }, { code: "accessDenied", message: "no" }],
  [{ error: { message: "no", status: "PERMISSION_DENIED", details: [{ reason: "SERVICE_DISABLED" }] } }, { code: "SERVICE_DISABLED", message: "no" }],
  [{ error: { message: "no", status: "UNAUTHENTICATED" } }, { code: "UNAUTHENTICATED", message: "no" }],
  [{ error: "invalid_grant" }, {}],
  [{ error: { errors: [{ reason: "a b" }], message: 7 } }, { code: undefined, message: undefined }],
])("the refusal in %j", (body, refusal) => expect(googleRefusal(body)).toEqual(refusal))
