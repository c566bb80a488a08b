import { expect, it } from "vitest"
import { parseConfig } from "../../core/config.ts"
import { csvFields } from "./fields.ts"

it("a key goes in a header that is neither the hub's own nor a claim of where the request came from", () => {
  const faultsOf = (name: string, value = "key") =>
    parseConfig(csvFields, { source: { kind: "url", url: "https://files.example.com/a.csv", auth: { kind: "header", name, value } } }).faults.map(
      ({ pointer }) => pointer,
    )
  expect(faultsOf("x-api-key")).toEqual([])
  for (const name of ["host", "range", "Accept-Encoding", "X-Forwarded-For", "x-real-ip", "proxy-authorization", "two words"])
    expect(faultsOf(name), name).toEqual(["/source/auth/name"])
  expect(faultsOf("x-api-key", "two\nlines")).toEqual(["/source/auth/value"])
})
