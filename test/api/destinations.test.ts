import { beforeAll, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { type Loopback, listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const SECRET = "c4nary-client-secret"

interface Recorder extends Loopback {
  readonly heard: string[]
}

/** A server with a token endpoint that keeps every header and body that it receives. */
async function startRecorder(): Promise<Recorder> {
  const heard: string[] = []
  const server = await listenHttp((request, response) => {
    const { authorization = "" } = request.headers
    let body = ""
    request.on("data", (piece) => {
      body += String(piece)
    })
    request.on("end", () => {
      heard.push(`${Buffer.from(authorization.replace("Basic ", ""), "base64")} ${body} ${JSON.stringify(request.headers)}`)
      response.setHeader("content-type", "application/json").end('{"access_token":"token","token_type":"Bearer","expires_in":3600}')
    })
  })
  return { ...server, heard }
}

const own = use(() => startRecorder())
const other = use(() => startRecorder())
let editor: string
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
beforeAll(async () => {
  editor = await hub.keyFor("editor")
})

const tokenUrl = (at: Loopback) => `${at.url}/token`
const auth = (at: Loopback, clientSecret: unknown, kind = "oauth2_client") => ({
  auth: { kind, tokenUrl: tokenUrl(at), clientId: "app", clientSecret, ...(kind === "oauth2_refresh" ? { refreshToken: "own" } : {}) },
})
const create = (name: string) => hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: `${own.url}/api`, ...auth(own, SECRET) } })
const as = (method: string, path: string, body?: unknown) => hub.call(method, `/v1/connectors/${path}`, body, { key: editor })

describe("a stored secret is sent only to the destination that it was entered for", () => {
  it.each(["oauth2_client", "oauth2_refresh"])(
    "a mask that was staged with another destination (%s) does not take the secret of a restored version",
    async (kind) => {
      await create(kind)
      expect((await as("PATCH", kind, { config: auth(other, "their own", kind) })).status).toBe(200)
      expect((await as("PUT", `${kind}/credentials/next`, { config: auth(other, { set: true }, kind) })).status).toBe(200)
      expect((await as("POST", `${kind}/versions/1/restore`)).status).toBe(200)
      for (const path of ["credentials/next/test", "credentials/switch"])
        await as("POST", `${kind}/${path}`, path.endsWith("switch") ? { force: true } : undefined)
      await as("POST", `${kind}/test`)
      expect(other.heard.filter((each) => each.includes(SECRET))).toEqual([])
      expect((await hub.call("GET", `/v1/connectors/${kind}/credentials`)).body.next, "the staged credentials are deleted").toBeNull()
      expect(
        own.heard.some((each) => each.includes(SECRET)),
        "the restored version logs in at its own destination",
      ).toBe(true)
    },
  )
})
