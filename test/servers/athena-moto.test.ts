import { afterAll, beforeAll, expect, test } from "vitest"
import { athena } from "../../src/connectors/athena.ts"
import type { PlatformError } from "../../src/core/errors.ts"
import { withSession } from "../conformance/context.ts"
import { certificate } from "../support/certificates.ts"
import { standIn } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"
import { moto } from "./moto.ts"

// Signatures, identities and refusals against moto, an emulator of AWS by other people. It runs no SQL, its temporary
// keys never expire, and it does not look at the time of a signature: the front over Trino does.

const REGION = "eu-central-1"
const HOSTS = [`athena.${REGION}.amazonaws.com`, `sts.${REGION}.amazonaws.com`]
const authority = certificate({ name: "moto CA", ca: true })
const own = certificate({ name: HOSTS[0] ?? "", names: HOSTS, issuer: authority })
const server = use(() => moto.start({ tls: { ...own, ca: authority.cert } }))

let undo: (() => void) | undefined
beforeAll(() => {
  undo = standIn(HOSTS, server.port, authority.cert)
})
afterAll(() => undo?.())

/** A test's report, or how it fails and at which stage. */
const testing = (auth: object, more: object = {}) =>
  withSession(
    { connector: athena },
    { region: REGION, workgroup: "primary", output: "s3://results/hub/", auth: { kind: "access_key", ...auth }, ...more },
    async (session, lease) => {
      const report = await session.test().catch((error: PlatformError) => error)
      return { report, failed: lease.trace.stages.find(({ status }) => status === "failed")?.name }
    },
  )

const role = (roleArn: string) => ({ ...server.key, kind: "assume_role", roleArn })

test("a key signs as IAM wants it, and a role's temporary keys too", async () => {
  for (const auth of [server.key, role(server.role)])
    expect(await testing(auth)).toMatchObject({
      report: { product: "Amazon Athena", warnings: expect.arrayContaining([expect.stringMatching(/SELECT 1, which scans no data/)]) },
      failed: undefined,
    })
})

test.each([
  ["a wrong secret", () => ({ ...server.key, secretAccessKey: "wrong" }), "auth_failed", "SignatureDoesNotMatch", "auth"],
  ["an unknown key", () => ({ ...server.key, accessKeyId: "AKIAIOSFODNN7EXAMPLE" }), "auth_failed", "InvalidClientTokenId", "auth"],
  ["a session token that is none of the key's", () => ({ ...server.key, sessionToken: "abc" }), "auth_failed", "InvalidClientTokenId", "auth"],
  ["a role by a wrong secret", () => ({ ...role(server.role), secretAccessKey: "wrong" }), "auth_failed", "SignatureDoesNotMatch", "auth"],
  ["an identity without rights", () => server.poorKey, "permission_denied", "AccessDenied", "auth"],
  ["a role without rights", () => role(server.poorRole), "permission_denied", "AccessDenied", "auth"],
])("%s is refused", async (_, auth, code, said, stage) => {
  const { report, failed } = await testing(auth())
  expect([report, failed]).toMatchObject([{ code, details: { code: said } }, stage])
  expect((report as PlatformError).message).not.toContain(server.key.secretAccessKey)
})

test("the refusal of a right names the right", async () => {
  expect((await testing(server.poorKey)).report).toMatchObject({ message: expect.stringContaining("athena:GetWorkGroup") })
})

test("an unknown workgroup is named, and is no fault of the login", async () => {
  const { report, failed } = await testing(server.key, { workgroup: "nope" })
  expect([report, failed]).toMatchObject([{ code: "config_invalid", message: expect.stringMatching(/no workgroup nope in eu-central-1/) }, "permission"])
})
