import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BROKEN, INSIDE, PRIVATE, urlForms } from "../../../test/egress/forms.ts"
import { parseHost } from "../../net/host.ts"
import { warehouseId, workspaceHost } from "./workspace.ts"

describe("a workspace", () => {
  test.each([
    ["adb-1234567890123456.7.azuredatabricks.net", "adb-1234567890123456.7.azuredatabricks.net"],
    ["https://ADB-1234567890123456.7.azuredatabricks.net/?o=1234567890123456", "adb-1234567890123456.7.azuredatabricks.net"],
    ["https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/", "dbc-a1b2c3d4-e5f6.cloud.databricks.com"],
    ["dbc-a1b2c3d4-e5f6", "dbc-a1b2c3d4-e5f6.cloud.databricks.com"],
    ["adb-1234567890123456.7", "adb-1234567890123456.7.azuredatabricks.net"],
    ["1234567890123456.7.gcp.databricks.com", "1234567890123456.7.gcp.databricks.com"],
    ["acme.cloud.databricks.us", "acme.cloud.databricks.us"],
    ["adb-1.2.databricks.azure.us", "adb-1.2.databricks.azure.us"],
    ["adb-1.2.databricks.azure.cn", "adb-1.2.databricks.azure.cn"],
  ])("%s answers at %s", (text, host) => expect(workspaceHost(text)).toBe(host))

  test.each([
    "",
    "acme",
    "databricks.com",
    ".databricks.com",
    "acme.databricks.com.evil.example",
    "acme.databricks.com:8443",
    "http://acme.databricks.com",
    "https://acme.databricks.com/path",
    "acme@evil.databricks.com",
    "xn--a.databricks.com",
    "acme.databricks.com.",
  ])("%j is none", (text) => expect(workspaceHost(text)).toBeUndefined())
})

describe("no text reaches another host", () => {
  const leadsHome = (text: string): void => {
    const host = workspaceHost(text)
    if (host === undefined) return
    expect(host).toMatch(/^[a-z0-9._-]+\.(databricks\.(com|us|mil|cn|azure\.us|azure\.cn)|azuredatabricks\.net)$/)
    if (!host.includes("_")) expect(parseHost(host)).toEqual({ kind: "name", name: host })
    const url = new URL(`https://${host}/api/2.0/sql/statements`)
    expect([url.hostname, url.port, url.username, url.pathname]).toEqual([host, "", "", "/api/2.0/sql/statements"])
  }

  test("of the forms of forbidden destinations, alone and inside a host of Databricks'", () => {
    for (const { text } of [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)])
      for (const form of [
        text,
        `${text}.databricks.com`,
        `a.databricks.com@${text}`,
        `${text}/.databricks.com`,
        `${text}#.azuredatabricks.net`,
        `databricks.com.${text}`,
        `https://${text}/?o=1`,
      ])
        leadsHome(form)
  })

  test("of any text at all", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.webUrl(), fc.domain()), leadsHome))
    fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}\.databricks\.com$/), leadsHome))
  })
})

test.each([
  ["/sql/1.0/warehouses/1a2b3c4d5e6f7890", "1a2b3c4d5e6f7890"],
  ["sql/1.0/endpoints/1a2b3c4d5e6f7890", "1a2b3c4d5e6f7890"],
  ["1a2b3c4d5e6f7890", "1a2b3c4d5e6f7890"],
  ["sql/protocolv1/o/1234567890123456/0101-010101-abcdefgh", undefined],
  ["/sql/1.0/warehouses/", undefined],
  ["1a2b/../x", undefined],
  ["", undefined],
])("the warehouse of %j is %s", (text, id) => expect(warehouseId(text)).toBe(id))
