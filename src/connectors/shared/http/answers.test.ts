import { describe, expect, test } from "vitest"
import type { HttpAnswer } from "../../../core/http/request.ts"
import { contentOf, jsonOf, listOf, recordsOf, rowsOf } from "./answers.ts"

const answerOf = (body: string | Buffer, type = ""): HttpAnswer => ({
  status: 200,
  headers: { "content-type": type },
  body: Buffer.from(body),
  url: new URL("https://a.example/"),
})

test.each([
  ['{"a":9007199254740993}', "application/json", { a: "9007199254740993" }],
  ['[{"a":1},2]', "application/problem+json; charset=utf-8", [{ a: 1 }, { value: 2 }]],
  ["3", "application/json", { value: 3 }],
  ['{"a":1}', "text/plain", { a: 1 }],
  ["{not json", "text/plain", { text: "{not json" }],
  ["hello", "", { text: "hello" }],
  [Buffer.from([0xe9]), "text/plain; charset=iso-8859-1", { text: "é" }],
  [Buffer.from("é"), "text/plain; charset=no-such", { text: "é" }],
  ["", "application/json", {}],
])("%j as %s gives its rows", (body, type, rows) => expect(rowsOf(contentOf(answerOf(body, type)))).toEqual(rows))

test("a body that is declared to be JSON, and is not, is response_invalid", () => {
  expect(() => contentOf(answerOf("{", "application/json"))).toThrow(expect.objectContaining({ code: "response_invalid" }))
  expect(() => jsonOf(answerOf("<html>", "text/html"))).toThrow(expect.objectContaining({ code: "response_invalid", details: { status: 200 } }))
  expect(jsonOf(answerOf('{"a":1}', "text/plain"))).toEqual({ a: 1 })
})

describe("records", () => {
  const found = (value: object, later = false) => recordsOf(answerOf(""), value as never, "items", later)
  test("are a list, or one object", () => {
    expect(found({ items: [{ a: 1 }, 2] })).toEqual([{ a: 1 }, { value: 2 }])
    expect(found({ items: { a: 1 } })).toEqual({ a: 1 })
  })

  test("may be missing only on a later page", () => {
    expect(found({}, true)).toEqual([])
    expect(() => found({})).toThrow(/nothing at items/)
    expect(() => found({ items: "none" }, true)).toThrow(/no list at items, but string/)
  })

  test("without an expression are the answer's list", () => {
    expect(listOf(answerOf(""), [1])).toEqual([{ value: 1 }])
    expect(() => listOf(answerOf(""), { a: 1 })).toThrow(/Records/)
  })
})
