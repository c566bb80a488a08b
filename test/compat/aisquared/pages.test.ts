import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { expectPage, pagesIn } from "../pages.ts"
import { startSquared } from "./start.ts"

const squared = use(() => startSquared())

describe("the page's request and answer for each definition that is built", () => {
  const pages = pagesIn(join(import.meta.dirname, "pages"))
  it.each(pages)("$name", async (page) => {
    const answer = await squared.call(page.request.method, page.request.path, page.request.body)
    expectPage(page, answer)
    if (answer.status !== 201) return
    const { id, attributes } = answer.body.data
    expect(Object.keys(attributes).sort()).toEqual([
      "configuration",
      "connector_name",
      "connector_type",
      "created_at",
      "description",
      "icon",
      "name",
      "updated_at",
      "workspace_id",
    ])
    const shown = await squared.call("GET", `${page.request.path}/${id}`)
    expect(shown.body, "a connector is shown as in the answer to its create").toEqual(answer.body)
    const icon = await fetch(attributes.icon)
    expect([icon.status, icon.headers.get("content-type"), (await icon.text()).startsWith("<svg ")]).toEqual([200, "image/svg+xml", true])
    expect(attributes.icon.startsWith(squared.hub.url), "the hub's own, nobody else's").toBe(true)
  })

  it("are complete", () => {
    expect(pages.map(({ name }) => name)).toEqual([
      ...["create-http-destination", "create-http-source", "create-postgresql-destination", "create-postgresql-source", "create-snowflake-source", "login"],
    ])
  })
})
