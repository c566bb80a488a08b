import { expect, test } from "vitest"
import type { FoundApiKey } from "../../store/lookups.ts"
import { KnownKeys } from "./known-keys.ts"

const hash = Buffer.from("a hash")
const key = (name: string): FoundApiKey => ({
  id: name,
  workspace_id: "w",
  workspace_serial: 1,
  workspace_name: "main",
  operator: false,
  name,
  role: "viewer",
  scope: null,
  created_by: null,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
})

test("a key that was found is looked up once, one that was not each time", async () => {
  const keys = new KnownKeys()
  let lookups = 0
  const lookUp = (found: FoundApiKey | undefined) => async () => {
    lookups++
    return found
  }
  for (let n = 0; n < 3; n++) expect((await keys.find(hash, lookUp(key("one"))))?.name).toBe("one")
  expect(lookups).toBe(1)
  for (let n = 0; n < 3; n++) expect(await keys.find(Buffer.from("guess"), lookUp(undefined))).toBeUndefined()
  expect(lookups).toBe(4)
})

test("a revocation is seen at once, by a look-up that was under way too", async () => {
  const keys = new KnownKeys()
  await keys.find(hash, async () => key("before"))
  keys.forget()
  const slow = keys.find(hash, async () => {
    keys.forget()
    return key("read before the revocation")
  })
  expect((await slow)?.name).toBe("read before the revocation")
  expect((await keys.find(hash, async () => key("after")))?.name).toBe("after")
})
