import { beforeAll, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { jackfieldAt, json, problem } from "../support/jackfield.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { startReceiver } from "../support/webhook-receiver.ts"

const database = use(() => startTestDatabase())
const receiver = use(() => startReceiver())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const run = (...args: string[]) => jackfieldAt(hub)(args)

beforeAll(async () => {
  await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", config: database.config })
})

test("a webhook is created, tested, shown, disabled, enabled and removed", async () => {
  const made = await run("webhooks", "add", receiver.url, "--event", "connector.state_changed")
  expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^whsec_[A-Za-z0-9+/=]{44}\n$/)])
  receiver.secret = made.stdout.trim()
  const [webhook] = json<{ data: { id: string; enabled: boolean }[] }>(await run("webhooks", "list", "--json")).data
  const id = webhook?.id ?? ""
  expect((await run("webhooks", "ping", id)).code).toBe(0)
  await until(
    10_000,
    async () => receiver.received.length,
    (count) => count === 1,
  )
  expect(receiver.received[0]).toMatchObject({ verified: "yes", body: expect.stringContaining('"type":"webhook.ping"') })
  const listed = await until(
    5_000,
    () => run("webhooks", "deliveries", id),
    ({ stdout }) => stdout.includes("delivered"),
  )
  expect(listed.stdout).toMatch(/webhook\.ping +delivered +1 +204/)
  const delivery = json<{ data: { id: string }[] }>(await run("webhooks", "deliveries", id, "--json")).data[0]?.id ?? ""
  expect((await run("webhooks", "redeliver", id, delivery)).code).toBe(0)
  await until(
    10_000,
    async () => receiver.received.length,
    (count) => count === 2,
  )
  expect(receiver.received[1]?.headers["webhook-id"]).toBe(receiver.received[0]?.headers["webhook-id"])
  expect((await run("webhooks", "update", id, "--disable")).stdout).toContain("off since")
  expect(problem(await run("webhooks", "ping", id, "--json")).code).toBe("webhook_disabled")
  expect((await run("webhooks", "update", id, "--enable", "--description", "to the pager")).stdout).toContain(": on.")
  expect((await run("webhooks", "show", id)).stdout).toContain("connector.state_changed\non\n")
  expect((await run("webhooks", "remove", id)).code).toBe(2)
  expect((await run("webhooks", "remove", id, "--yes")).code).toBe(0)
  expect((await run("webhooks", "show", id)).code).toBe(5)
})

test("a connector is checked on schedule, and its state and history are shown", async () => {
  expect((await run("checks", "list")).code).toBe(0)
  expect((await run("checks", "set", "shop", "--every", "10s", "--json")).code).toBe(2)
  expect((await run("checks", "set", "shop", "--every", "soon")).code).toBe(2)
  expect((await run("checks", "set", "shop", "--every", "5m", "--timeout", "3")).stdout).toBe("shop is checked every 5m.\n")
  const shown = await until(
    15_000,
    () => run("checks", "show", "shop"),
    ({ stdout }) => stdout.includes(" up "),
  )
  expect(shown.stdout).toMatch(/^shop is up since .*; checked every 5m, next .*\.\n$/)
  expect((await run("checks", "list", "--state", "up")).stdout).toMatch(/^NAME +STATE.*\nshop +up /)
  expect((await run("checks", "history", "shop")).stdout).toMatch(/ok +\d+ ms +is up now/)
  expect((await run("checks", "remove", "shop")).code).toBe(0)
  expect((await run("checks", "show", "shop")).code).toBe(5)
})

test("the changes in a catalog are shown, and the exit code tells a script about breaking ones", async () => {
  await database.query("create table public.t (id int primary key, a varchar(10), b text)")
  await run("connectors", "catalog", "shop", "--refresh")
  await database.query("alter table public.t alter a type varchar(20), drop b, add c text; create table public.u (id int)")
  await run("connectors", "catalog", "shop", "--refresh")
  const shown = await run("catalog", "diff", "shop", "--exit-code")
  expect(shown.code).toBe(1)
  expect(shown.stdout.split("\n")).toEqual([
    "~ public.t a: character varying(10) → character varying(20)",
    "- public.t b breaking: Readers and writers no longer find it.",
    "+ public.t c: text null",
    "+ public.u",
    "4 changes from version 1 to 2, 1 of them breaking.",
    "",
  ])
  expect((await run("catalog", "diff", "shop", "--from", "2", "--to", "2")).stdout).toBe("Nothing changed from version 2 to 2.\n")
  expect((await run("catalog", "versions", "shop")).stdout.trim().split("\n").length).toBe(3)
  expect((await run("catalog", "diff", "shop", "--from", "7")).code).toBe(5)
  const catalog = (...args: string[]) => run("connectors", "catalog", "shop", ...args)
  expect((await catalog()).stdout).toMatch(/public\.u +table/)
  expect((await catalog("--version", "1")).stdout).not.toContain("public.u")
  expect(json(await catalog("--version", "1", "--json"))).toMatchObject({ version: 1, streams: [{ path: ["public", "t"] }] })
  expect((await catalog("--version", "7")).code).toBe(5)
  for (const wrong of [
    ["--version", "0"],
    ["--version", "1", "--refresh"],
    ["--timeout", "301"],
  ])
    expect((await catalog(...wrong)).code, wrong.join(" ")).toBe(2)
  expect((await catalog("--refresh", "--timeout", "60", "--json")).code).toBe(0)
})
