import { readFileSync } from "node:fs"
import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { type Received, startReceiver } from "../support/webhook-receiver.ts"

const database = use(() => startTestDatabase())
const receiver = use(() => startReceiver())
const hub = use(() => startHub({ ...nodeOn(database), JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${new URL(receiver.url).port}` }))
let other: { id: string; key: string }
beforeAll(async () => {
  other = await hub.workspace("elsewhere")
})

/** The function for receivers in docs/health.md, unchanged. */
async function documented(): Promise<(secret: string, headers: Received["headers"], body: string) => boolean> {
  const page = readFileSync(new URL("../../docs/health.md", import.meta.url), "utf8")
  const snippet = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? ""
  return (await import(`data:text/javascript,${encodeURIComponent(snippet)}`)).verify
}

const call = (method: string, path: string, body?: unknown, key = hub.key) => hub.call(method, `/v1/webhooks${path}`, body, { key })
const make = async (url = receiver.url): Promise<string> => {
  const { status, body } = await call("POST", "", { url, events: ["connector.state_changed"] })
  expect(status).toBe(201)
  receiver.secret = body.signingSecret
  return body.id as string
}
const last = async (id: string) => (await call("GET", `/${id}/deliveries`)).body.data[0]
/** Makes the next attempt of every delivery due now. */
const due = () => database.query("update jackfield.webhook_deliveries set next_at = now() where state = 'pending'")
const settled = (id: string, attempts: number) =>
  until(
    10_000,
    () => last(id),
    (delivery) => delivery?.attempts >= attempts && delivery.lastAttemptAt !== null,
  )

describe("a webhook", () => {
  it("shows its secret once, and stores it sealed", async () => {
    const made = await call("POST", "", { url: "https://hooks.example.com/a#part", events: ["catalog.changed", "connector.state_changed"], description: "d" })
    expect([made.status, made.body.signingSecret]).toEqual([201, expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/)])
    const secret = made.body.signingSecret as string
    const shown = await call("GET", `/${made.body.id}`)
    expect(shown.body).toMatchObject({ url: "https://hooks.example.com/a", enabled: true, disabled: null, secret: { set: true } })
    const listed = await call("GET", "")
    const rows = await database.query("select ciphertext from jackfield.webhooks")
    for (const text of [shown.text, listed.text, JSON.stringify(rows), hub.log()]) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(secret.slice(6))
    }
    await call("DELETE", `/${made.body.id}`)
  })

  it.each([
    [{}, ["/url", "/events"]],
    [{ url: "ftp://example.com/", events: ["catalog.changed"] }, ["/url"]],
    [{ url: "not a url", events: ["catalog.changed"] }, ["/url"]],
    [{ url: "https://user:pass@example.com/", events: ["catalog.changed"] }, ["/url"]],
    [{ url: "https://example.com/", events: [] }, ["/events"]],
    [{ url: "https://example.com/", events: ["everything"] }, ["/events/0"]],
    [{ url: "https://example.com/", events: ["catalog.changed"], secret: "mine" }, ["/secret"]],
  ])("rejects %j", async (body, pointers) => {
    const { status, body: problem } = await call("POST", "", body)
    expect([status, problem.errors.map((each: { pointer: string }) => each.pointer).sort()]).toEqual([422, [...pointers].sort()])
  })

  it("is visible to admins of its workspace, and 404 to all others", async () => {
    const id = await make()
    for (const role of ["viewer", "editor"] as const) expect((await call("GET", "", undefined, await hub.keyFor(role))).status).toBe(403)
    const paths: [string, string, unknown?][] = [
      ["GET", `/${id}`],
      ["PATCH", `/${id}`, { enabled: false }],
      ["DELETE", `/${id}`],
      ["POST", `/${id}/ping`],
      ["GET", `/${id}/deliveries`],
      ["POST", `/${id}/deliveries/${id}/redeliver`],
      ["GET", "/nothing"],
    ]
    for (const [method, path, body] of paths) expect([path, (await call(method, path, body, other.key)).status]).toEqual([path, 404])
    expect((await call("GET", "", undefined, other.key)).body.total).toBe(0)
    await call("DELETE", `/${id}`)
  })
})

describe("a delivery", () => {
  it("is repeated until it is accepted: the same event with the same body, with a new signature for each attempt", async () => {
    const id = await make()
    const seen: Received[] = []
    const answers = [500, 302, 404, 200]
    receiver.answer = (delivery) => {
      seen.push(delivery)
      return answers[seen.length - 1] ?? 200
    }
    await call("POST", `/${id}/ping`)
    for (const [index, status] of answers.entries()) {
      const delivery = await until(
        10_000,
        () => last(id),
        ({ attempts, lastStatus }) => attempts === index + 1 && lastStatus === status,
      )
      expect(delivery).toMatchObject({ state: status === 200 ? "delivered" : "pending", attempts: index + 1, lastStatus: status })
      expect((await call("GET", `/${id}`)).body.failingSince === null).toBe(status === 200)
      await due()
    }
    expect(seen.map(({ verified }) => verified)).toEqual(["yes", "yes", "yes", "yes"])
    expect(new Set(seen.map(({ headers }) => headers["webhook-id"])).size).toBe(1)
    const { headers, body } = seen[0] as Received
    const verify = await documented()
    expect([
      verify(receiver.secret, headers, body),
      verify(receiver.secret, headers, `${body} `),
      verify(`whsec_${Buffer.alloc(32).toString("base64")}`, headers, body),
    ]).toEqual([true, false, false])
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1)
    await call("DELETE", `/${id}`)
  })

  it("to a denied destination reaches nothing, and its error looks like that of a closed port", async () => {
    const inside = await make("http://10.1.2.3:8080/")
    const metadata = await make("http://169.254.169.254/")
    const said: string[] = []
    for (const id of [inside, metadata]) {
      await call("POST", `/${id}/ping`)
      said.push((await settled(id, 1)).lastError)
      await call("DELETE", `/${id}`)
    }
    expect(said.map((text) => text.replace(/to \S+ could/, "to X could"))).toEqual(Array(2).fill(said[0]?.replace(/to \S+ could/, "to X could")))
    expect(said[0]).toMatch(/^host_unreachable: No connection/)
  })

  it("that fails for too long disables the webhook with the reason, and missed events are sent when it is enabled again", async () => {
    const id = await make()
    receiver.answer = () => 503
    await call("POST", `/${id}/ping`)
    await settled(id, 1)
    await database.query("update jackfield.webhooks set failing_since = now() - interval '25 hours' where id = $1", [id])
    await database.query("update jackfield.webhook_deliveries set attempts = 8, next_at = now() where webhook_id = $1", [id])
    const off = await until(
      10_000,
      async () => (await call("GET", `/${id}`)).body,
      ({ enabled }) => enabled === false,
    )
    expect(off.disabled.reason).toBe("No delivery was taken for more than 24 hours.")
    expect(await last(id)).toMatchObject({ state: "failed", attempts: 9, lastStatus: 503, nextAttemptAt: null })
    expect((await call("POST", `/${id}/ping`)).body.code).toBe("webhook_disabled")
    receiver.answer = () => 204
    expect((await call("PATCH", `/${id}`, { enabled: true })).body).toMatchObject({ enabled: true, disabled: null, failingSince: null })
    await call("POST", `/${id}/deliveries/${(await last(id)).id}/redeliver`)
    expect(
      await until(
        10_000,
        () => last(id),
        ({ state }) => state === "delivered",
      ),
    ).toMatchObject({ state: "delivered", attempts: 1 })
    await call("DELETE", `/${id}`)
  })

  it("that is answered with 410 is the last one", async () => {
    const id = await make()
    receiver.answer = () => 410
    await call("POST", `/${id}/ping`)
    const off = await until(
      10_000,
      async () => (await call("GET", `/${id}`)).body,
      ({ enabled }) => enabled === false,
    )
    expect(off.disabled.reason).toBe("The receiver answered 410 Gone.")
    expect((await last(id)).state).toBe("failed")
    const { data } = (await hub.call("GET", `/v1/audit?target=${id}`)).body
    const told = data.map(({ action, actor, details }: { action: string; actor: { kind: string }; details: object }) => [action, actor.kind, details])
    expect(told.slice(0, 2)).toEqual([
      ["webhook.disable", "hub", { reason: "The receiver answered 410 Gone." }],
      ["webhook.ping", "key", { delivery: (await last(id)).id }],
    ])
  })

  it("whose secret cannot be opened is postponed, and does not count as an attempt", async () => {
    const id = await make()
    const [row] = await database.query("select ciphertext from jackfield.webhooks where id = $1", [id])
    await database.query("update jackfield.webhooks set ciphertext = 'x' where id = $1", [id])
    receiver.answer = () => 204
    await call("POST", `/${id}/ping`)
    const put = await until(
      10_000,
      () => last(id),
      ({ nextAttemptAt }) => Date.parse(nextAttemptAt) > Date.now() + 30_000,
    )
    expect(put).toMatchObject({ state: "pending", attempts: 0, lastAttemptAt: null })
    await database.query("update jackfield.webhooks set ciphertext = $2 where id = $1", [id, row?.["ciphertext"]])
    await due()
    expect(
      await until(
        10_000,
        () => last(id),
        ({ state }) => state === "delivered",
      ),
    ).toMatchObject({ attempts: 1 })
  })
})
