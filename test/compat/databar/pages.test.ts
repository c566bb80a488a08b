import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { expectPage, pagesIn } from "../pages.ts"
import { startDatabar } from "./start.ts"

const databar = use(() => startDatabar())

describe("the pages' own requests and answers", () => {
  const pages = pagesIn(join(import.meta.dirname, "pages"))
  it.each(pages)("$name", async (page) => {
    const key = await databar.workspace(page.name === "create-simple-get" ? {} : { ratePerMinute: 10 })
    if (page.stored !== undefined) expect((await databar.create(page.stored, key)).status).toBe(201)
    expectPage(page, await databar.call(page.request.method, page.request.path, page.request.body, { key }))
  })

  it("are complete", () => {
    expect(pages.map(({ name }) => name)).toEqual(["create-enrichment", "create-simple-get", "list"])
  })
})

describe("the page's curl", () => {
  it("GET /v1/user/me identifies the caller, with the fields that the vendor's clients read", async () => {
    const { status, body } = await databar.call("GET", "/v1/user/me")
    expect([status, body]).toEqual([
      200,
      { first_name: "first admin key", email: "", balance: expect.any(Number), plan: expect.any(String), workspace: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ])
    expect(body.balance).toBeGreaterThan(1)
  })
})
