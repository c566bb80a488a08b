import { describe, expect, test } from "vitest"
import { evaluate } from "../../../core/expression.ts"
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

test.each([
  "application/x-ndjson",
  "application/ndjson; charset=utf-8",
  "application/jsonl",
  "application/x-jsonlines",
  "application/json-lines",
  "application/json-seq",
  "application/stream+json",
  "text/x-ndjson",
  "application/json",
  "text/plain",
  "",
])("one JSON object a line is a list of records as %j", (type) => {
  for (const text of ['{"id":1}\n{"id":2}\n{"id":3}\n', '{"id":1}\r\n\r\n{"id":2}\r\n{"id":3}', '\u001e{"id":1}\n\u001e{"id":2}\n\u001e{"id":3}\n'].slice(
    0,
    type.includes("seq") ? 3 : 2,
  ))
    expect(rowsOf(contentOf(answerOf(text, type)))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
  expect(contentOf(answerOf('{"id":9007199254740993}\n{"id":2}', type))).toEqual([{ id: "9007199254740993" }, { id: 2 }])
})

test("one line of NDJSON is one record of a list, none is none, and a line that is no JSON is named", () => {
  const type = "application/x-ndjson"
  expect(rowsOf(contentOf(answerOf('{"id":1}\n', type)))).toEqual([{ id: 1 }])
  expect(contentOf(answerOf("\n", type))).toBeUndefined()
  expect(() => contentOf(answerOf('{"id":1}\n{"id":', type))).toThrow(/line 2 is not JSON/)
  expect(() => contentOf(answerOf('{"id":1}\n{"id":', "application/json"))).toThrow(/declares its answer as JSON/)
})

test.each([
  ["<p>hi</p>", "text/html"],
  ["<!DOCTYPE html>\n<html></html>", "text/html; charset=utf-8"],
  ["\n <!doctype HTML><title>Sign in</title>", "text/plain"],
  ["<html><body>login</body></html>", ""],
  ["<html xmlns='x'/>", "application/xhtml+xml"],
])("%j as %s is an HTML page, and read only where it is wanted", (text, type) => {
  expect(() => contentOf(answerOf(text, type))).toThrow(/HTML page.*login/)
  expect(contentOf(answerOf(text, type), { html: true })).toEqual({ text })
})

test("other markup is text", () => {
  for (const text of ["<?xml version='1.0'?><a/>", "<htmlish/>"]) expect(contentOf(answerOf(text, "application/xml"))).toEqual({ text })
})

describe("records", () => {
  const found = (value: object, later = false) => recordsOf(answerOf(""), value as never, evaluate("items", value as never), { records: "items", later })
  test("are a list, or one object", () => {
    expect(found({ items: [{ a: 1 }, 2] })).toEqual([{ a: 1 }, { value: 2 }])
    expect(found({ items: { a: 1 } })).toEqual({ a: 1 })
  })

  test("may be missing only on a later page", () => {
    expect(found({}, true)).toEqual([])
    expect(() => found({})).toThrow(/nothing at items/)
    expect(() => found({ error: "rate limit" }, true)).toThrow(/nothing at items/)
    expect(found({ error: null, errors: [] }, true)).toEqual([])
    expect(() => found({ items: "none" }, true)).toThrow(/no list at items, but string/)
  })

  test("without an expression are the answer's list", () => {
    expect(listOf(answerOf(""), [1])).toEqual([{ value: 1 }])
    expect(() => listOf(answerOf(""), { a: 1 })).toThrow(/Records/)
  })
})
