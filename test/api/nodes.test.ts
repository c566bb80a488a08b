import { expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const database = use(() => startTestDatabase())
const first = use(() => startHub(nodeOn(database)))
const second = use(() => startHub(nodeOn(database)))

it("no connector can reach the listener of any node, from any node, even if a rule allows it", async () => {
  for (const from of [first, second])
    for (const to of [first, second]) {
      const tested = await from.call("POST", "/v1/connectors/test", { type: "http", config: { url: `${to.url}/healthz` } }, { key: first.key })
      expect([tested.status, tested.body.error?.code]).toEqual([200, "egress_denied"])
    }
})

it("a node that has stopped is no longer listed", async () => {
  const third = await startHub(nodeOn(database))
  const count = async () => (await database.query("select count(*)::int as n from jackfield.settings where key like 'node/%'"))[0]?.["n"]
  expect(await count()).toBe(3)
  await third.stop()
  expect(await count()).toBe(2)
})
