import { describe, expect, test } from "vitest"
import { Registry } from "../core/registry.ts"
import { isUrlFault } from "../core/url-form.ts"
import { connectors, registry } from "./index.ts"
import { mysql } from "./mysql.ts"
import { postgres } from "./postgres.ts"

test("an emulator is named, since its weaknesses are those of the proof", () => {
  for (const { type, proof, provenBy = "" } of connectors) if (proof === "emulator") expect(provenBy.length, type).toBeGreaterThan(5)
})

describe("the schemes of URLs", () => {
  test("lead to one type each", () => {
    expect(Object.fromEntries(["postgresql", "mariadb", "http", "redis"].map((scheme) => [scheme, registry.withScheme(scheme)?.type]))).toEqual({
      postgresql: "postgres",
      mariadb: "mysql",
      http: "http",
      redis: undefined,
    })
    const twin = { ...mysql, url: { schemes: ["mysql", "postgres"], example: "mysql://host", read: () => ({ config: {} }) } }
    expect(() => new Registry([postgres, twin])).toThrow("URLs that start with postgres:")
  })

  test.each(connectors.flatMap(({ type, url, fields }) => (url === undefined ? [] : [[type, url, fields] as const])))(
    "%s reads its own example, into fields that it has",
    (_type, url, fields) => {
      const read = url.read(new URL(url.example))
      if (isUrlFault(read)) throw new Error(read.fault)
      expect(Object.keys(fields)).toEqual(expect.arrayContaining(Object.keys(read.config)))
    },
  )
})

describe("the address of a config", () => {
  test.each([
    ["postgres", { host: "db.example.com", port: 5432, user: "u" }, { host: "db.example.com", port: 5432 }],
    ["mysql", { host: "::1", port: 3306 }, { host: "::1", port: 3306 }],
    ["mysql", { port: 3306 }, undefined],
    ["snowflake", { account: "My_Org-Account" }, { host: "my-org-account.snowflakecomputing.com", port: 443 }],
    ["snowflake", { user: "u" }, undefined],
  ])("%s %j", (type, config, address) => {
    expect(registry.find(type)?.address?.(config)).toEqual(address)
  })
})
