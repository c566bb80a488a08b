import { expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub())

test("the URL that the first start prints shows a page with links, without scripts and with a strict policy", async () => {
  const page = await fetch(`${hub.url}/`)
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  )
  const html = await page.text()
  expect(html).not.toMatch(/<script|onload=|javascript:|https?:\/\//)
  const links = Array.from(html.matchAll(/href="([^"]+)"/g), ([, href = ""]) => href)
  expect(links).toEqual(["docs", "openapi.json"])
  // The links are relative, so that they also work below a proxy's path.
  for (const link of links) expect((await fetch(new URL(link, `${hub.url}/`))).status).toBe(200)
})

test("the documentation has the hub's own name and logo, and shows the fields of a type", async () => {
  const docs = await (await fetch(`${hub.url}/docs/`)).text()
  expect(docs).toContain("<title>Jackfield API</title>")
  const icon = /href="([^"]*icon\.svg)"/.exec(docs)?.[1] ?? ""
  expect((await fetch(new URL(icon, `${hub.url}/docs/`))).headers.get("content-type")).toMatch(/svg/)
  const { info, paths } = (await (await fetch(`${hub.url}/openapi.json`)).json()) as {
    info: { description: string }
    paths: Record<string, { post: { requestBody: { content: Record<string, { examples: Record<string, { value: object }> }> } } }>
  }
  expect(info.description).toContain("#/connectors/createConnector")
  const { examples } = paths["/v1/connectors"]?.post.requestBody.content["application/json"] ?? { examples: {} }
  // Every example of the operation can be run without changes.
  for (const { value } of Object.values(examples)) {
    const made = await hub.call("POST", "/v1/connectors", value)
    expect([made.status, made.body.code]).toEqual([201, undefined])
  }
})
