import { createServer } from "node:tls"
import { afterAll, beforeAll, expect, test } from "vitest"
import { certificate } from "../../test/support/certificates.ts"
import { type Loopback, listen } from "../../test/support/loopback.ts"
import { Door, type DoorOptions, type OpenLease } from "./door.ts"
import { Policy } from "./policy.ts"
import { Resolver } from "./resolver.ts"
import { parseEgressRules } from "./rules.ts"

const NAME = "account.vendor.example"
const ca = certificate({ name: "stand-in CA", ca: true })
const own = certificate({ name: NAME, names: [NAME, "other.vendor.example"], issuer: ca })
let server: Loopback

beforeAll(async () => {
  server = await listen(createServer({ cert: own.cert, key: own.key }, (socket) => socket.end("hello")))
})
afterAll(async () => await server.close())

const lease = (options: DoorOptions, allow = "127.0.0.0/8"): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(allow) }), ...options }).lease({ deadlineMs: 5_000, operator: true })

const standIns = (...targets: string[]) => new Map(targets.map((target) => [target, { host: "127.0.0.1", port: server.port }]))

test("a target with a stand-in is dialled on loopback, and verified under its own name against the extra authority", async () => {
  await using open = lease({ standIns: standIns(`${NAME}:443`), extraCa: ca.cert })
  const socket = await open.dialTls({ host: `${NAME.toUpperCase()}.`, port: 443 }, { mode: "verify" })
  expect(Buffer.concat(await socket.toArray()).toString()).toBe("hello")
  expect(open.sockets.map(({ ip }) => ip)).toEqual(["127.0.0.1"])
})

test("the grace dial reaches the stand-in too", async () => {
  await using open = lease({ standIns: standIns(`${NAME}:443`), extraCa: ca.cert })
  await open.dialTls({ host: NAME, port: 443 }, { mode: "verify" })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  open.beforeCutOff(async (dial) => {
    const socket = await open.secure(await dial({ host: NAME, port: 443 }), NAME, { mode: "verify" })
    resolve(Buffer.concat(await socket.toArray()).toString())
  })
  await open.close().catch(reject)
  expect(await promise).toBe("hello")
})

test("a stand-in is judged like any other destination", async () => {
  await using open = lease({ standIns: standIns(`${NAME}:443`) }, "10.0.0.0/8")
  await expect(open.dial({ host: NAME, port: 443 })).rejects.toMatchObject({ code: "egress_denied" })
})

test("other ports and hosts have no stand-in and are resolved and judged", async () => {
  const resolver = new Resolver({ hosts: new Map([[NAME, ["10.1.1.1"]]]) })
  await using open = lease({ standIns: standIns(`${NAME}:443`), resolver })
  await expect(open.dial({ host: NAME, port: 444 })).rejects.toMatchObject({ code: "egress_denied" })
  await expect(open.dial({ host: "x", port: 443 })).rejects.toMatchObject({ code: "host_not_found" })
})

test("the extra authority is trusted for stand-ins only", async () => {
  await using open = lease({ standIns: standIns("third.vendor.example:443"), extraCa: ca.cert })
  await expect(open.dialTls({ host: "third.vendor.example", port: 443 }, { mode: "verify" })).rejects.toMatchObject({ code: "tls_name_mismatch" })
  await expect(open.dialTls({ host: "127.0.0.1", port: server.port }, { mode: "verify" })).rejects.toMatchObject({ code: "tls_untrusted" })
})

test.each(["10.0.0.1", "93.184.216.34", "localhost", "::ffff:127.0.0.1", "0.0.0.0"])("%s cannot be a stand-in", (host) =>
  expect(() => new Door({ standIns: new Map([["a.example:443", { host, port: 1 }]]) })).toThrow(/loopback/),
)
