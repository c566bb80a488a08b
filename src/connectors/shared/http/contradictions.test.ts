import { describe, expect, test } from "vitest"
import { bodyTypeFault } from "./body-types.ts"
import { contradictions } from "./contradictions.ts"

const fields = { body: [{ name: "a" }] }
const template = { bodyTemplate: '{"a": 1}' }
const typed = (value: string) => ({
  headers: [
    { name: "Accept", value: "*/*" },
    { name: "content-Type", value },
  ],
})

test("a position in the body is refused with GET", () => {
  const paging = { kind: "page", parameter: "page", place: "body" }
  expect(contradictions({ paging })).toMatchObject([{ pointer: "/paging/place" }])
  expect(contradictions({ method: "POST", paging })).toEqual([])
})

describe("a body", () => {
  test.each(["GET", "HEAD", undefined])("is refused with %s", (method) => {
    const how = method === undefined ? {} : { method }
    expect(contradictions({ ...fields, ...how })).toEqual([{ pointer: "/body", message: expect.stringMatching(/^Body fields cannot be sent with (GET|HEAD)/) }])
    expect(contradictions({ ...template, ...how })).toMatchObject([{ pointer: "/bodyTemplate" }])
    expect(contradictions({ body: [], bodyTemplate: "", ...how })).toEqual([])
  })

  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/mixed",
    "application/xml",
    "text/xml; charset=utf-8",
    "application/soap+xml",
    "application/x-ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/stream+json",
    "text/csv",
    "text/html",
    "application/octet-stream",
    "application/graphql",
    "image/png",
    "application/json; charset=iso-8859-1",
    "json",
  ])("is refused under %s", (type) => {
    for (const body of [fields, template])
      expect(contradictions({ method: "POST", ...body, ...typed(type) })).toEqual([
        { pointer: "/headers/1/value", message: expect.stringMatching(/^content-Type may not/) },
      ])
    expect(contradictions({ method: "POST", ...typed(type) })).toEqual([])
  })

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON;charset=UTF8",
    "application/vnd.api+json",
    "application/json-patch+json",
    "application/x-amz-json-1.1",
    "application/x-json",
    "text/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "text/plain",
  ])("is taken under %s", (type) => {
    expect(bodyTypeFault(type)).toBeUndefined()
    expect(contradictions({ method: "PATCH", ...fields, ...typed(type) })).toEqual([])
  })
})
