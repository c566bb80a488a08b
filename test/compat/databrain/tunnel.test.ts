import { describe, expect, it } from "vitest"
import { startBastion } from "../../fixtures/ssh.ts"
import { closedPort, listenRaw } from "../../support/loopback.ts"
import { use } from "../../support/use.ts"
import { errorOf, startDataBrain } from "./start.ts"

const PASSWORD = "an-ordinary-password"
let count = 0

const bastion = use(() => startBastion())
const impostor = use(() => startBastion())
const talker = use(() => listenRaw((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")))
const databrain = use(() => startDataBrain(PASSWORD, [bastion.port, impostor.port, talker.port]))

const ssh = (more: object = {}) => ({
  sshTunnel: "enable",
  sshHost: "127.0.0.1",
  sshPort: bastion.port,
  sshUsername: bastion.user,
  sshPrivateKey: bastion.privateKey,
  ...more,
})

describe("sshTunnel", () => {
  it("enable: the bastion's key is trusted at first use and pinned", async () => {
    const answer = await databrain.create("through", ssh())
    expect([answer.status, answer.body]).toEqual([200, { name: "through" }])
    const { config } = (await databrain.hub.call("GET", "/v1/connectors/through")).body
    expect(config.tunnel).toMatchObject({
      kind: "ssh",
      host: "127.0.0.1",
      user: "jump",
      hostKey: bastion.hostKey,
      auth: { kind: "key", privateKey: { set: true } },
    })
    const test = () => databrain.hub.call("POST", "/v1/connectors/through/test")
    expect((await test()).body.ok).toBe(true)
    // From now on, another server answers at the stored address.
    const moved = { tunnel: { kind: "ssh", port: impostor.port, auth: { kind: "key", privateKey: bastion.privateKey } }, password: PASSWORD }
    const patched = await databrain.hub.call("PATCH", "/v1/connectors/through", { config: moved })
    expect(patched.status).toBe(200)
    expect((await test()).body.error.code, "another host key is rejected").toBe("host_key_mismatch")
  })

  it("disable: the other fields are not needed, and there is no tunnel", async () => {
    expect((await databrain.create("direct", { sshTunnel: "disable" })).status).toBe(200)
    expect((await databrain.hub.call("GET", "/v1/connectors/direct")).body.config.tunnel).toEqual({ kind: "none" })
  })

  it.each(["sshHost", "sshPort", "sshUsername", "sshPrivateKey"])("enable needs %s", async (field) => {
    const answer = await databrain.create("lacking", ssh({ [field]: undefined }))
    expect([...errorOf(answer), answer.body.message]).toEqual([400, "INVALID_REQUEST_BODY", true, `credentials.${field} is required.`])
  })

  it.each([
    ["a closed port", async () => ({ sshPort: await closedPort() })],
    ["a forbidden address", async () => ({ sshHost: "10.0.0.1" })],
    ["a server without SSH", async () => ({ sshPort: talker.port })],
    ["an unknown key", async () => ({ sshPrivateKey: impostor.privateKey })],
    ["an unknown user", async () => ({ sshUsername: "root" })],
  ])("400 CREDENTIAL_TEST_FAILED for %s, and nothing is stored", async (_, more) => {
    const name = `failing-${++count}`
    expect(errorOf(await databrain.create(name, ssh(await more())))).toEqual([400, "CREDENTIAL_TEST_FAILED", true])
    expect(await databrain.stored(name)).toBe(false)
  })

  it("a request that is rejected anyway does not connect to the bastion", async () => {
    const hits = talker.hits
    expect(errorOf(await databrain.create("through", ssh({ sshPort: talker.port })))).toEqual([400, "DATASOURCE_NAME_ERROR", true])
    expect(errorOf(await databrain.create("faulty", ssh({ sshPort: talker.port, sshPrivateKey: "no PEM" })))).toEqual([400, "INVALID_REQUEST_BODY", true])
    expect(talker.hits).toBe(hits)
  })
})
