import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { startSnowflake } from "../../fixtures/snowflake-server.ts"
import { startHub } from "../../support/hub.ts"
import { use } from "../../support/use.ts"
import { expectPage, pagesIn } from "../pages.ts"

const HOST = "xy12345.us-east-1.snowflakecomputing.com"
let id = ""

const account = use(() =>
  startSnowflake({
    hosts: [HOST],
    claim: "XY12345",
    database: "ANALYTICS",
    users: [{ name: "SVC_KAIREON", accessTokens: ["secret"], roles: ["ANALYST"], warehouse: "COMPUTE_WH" }],
    warehouses: { COMPUTE_WH: ["ANALYST"] },
  }),
)
const hub = use(() =>
  startHub(
    { JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${account.port}` },
    { door: { standIns: new Map([[`${HOST}:443`, { host: "127.0.0.1", port: account.port }]]), extraCa: account.ca } },
  ),
)

describe("the page's own requests and answers, in order", () => {
  const pages = pagesIn(join(import.meta.dirname, "pages"))
  it.each(pages)("$name", async (page) => {
    const { method, path, headers = {}, body, text } = JSON.parse(JSON.stringify(page.request).replaceAll("<id>", id)) as typeof page.request
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const answer = await hub.call(method, `/kaireon${path}`, text ?? body, { headers: lower })
    expectPage(page, answer)
    if (page.name === "1-create") id = answer.body.id
    if (answer.status < 300 && method !== "POST") expect(answer.text).not.toContain("authConfig")
  })

  it("are complete", () => expect(pages).toHaveLength(8))
})
