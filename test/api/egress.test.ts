import { expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "10.9.0.0/16" }))

const allow = (rule: string) => hub.call("POST", "/v1/egress", { rule })
const deny = (ref: string) => hub.call("DELETE", `/v1/egress/${encodeURIComponent(ref)}`)
const rules = async (): Promise<string[]> => (await hub.call("GET", "/v1/egress")).body.data.map((each: { rule: string }) => each.rule)

it("a rule that was allowed several times at once is removed by one denial, by its text or by one id", async () => {
  const many = await Promise.all(Array.from({ length: 8 }, () => allow("10.1.0.0/16:5432")))
  expect(many.map(({ status }) => status)).toEqual(many.map(() => 201))
  expect((await deny("10.1.0.0/16:5432")).status).toBe(204)
  expect(await rules()).toEqual(["10.9.0.0/16"])
  const again = await Promise.all(Array.from({ length: 8 }, () => allow("10.1.0.0/16:5432")))
  expect((await deny(again[0]?.body.id)).status).toBe(204)
  expect(await rules()).toEqual(["10.9.0.0/16"])
})

it("a rule from the environment must be removed there, and an unknown rule is not found", async () => {
  expect((await deny("10.9.0.0/16")).body.code).toBe("in_use")
  expect((await deny("10.8.0.0/16")).body.code).toBe("not_found")
  expect((await allow("10.9.0.0/16")).status).toBe(201)
  expect((await deny("10.9.0.0/16")).status, "the stored rule with the same text").toBe(204)
  expect(await rules()).toEqual(["10.9.0.0/16"])
})
