import { describe, expect, it } from "vitest"
import { declaredFormatOf, textFormatOf } from "./known-formats.ts"

describe("the format of a text that is not a table is named", () => {
  it.each([
    ["<!DOCTYPE html>\n<html>\n<body>Please sign in</body>", "HTML"],
    ["  \n<html><head>", "HTML"],
    ["<!-- saved from x -->\n<html>", "HTML"],
    ["<head><title>x</title></head>", "HTML"],
    ["<h1>Not found</h1>", "HTML"],
    ["<p>Please sign in</p>\n", "HTML"],
    ['<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "XML"],
    ["<Error><Code>AccessDenied</Code></Error>", "XML"],
    ['<feed xmlns="http://www.w3.org/2005/Atom"><id/></feed>', "XML"],
    ['{"error":"unauthorized"}', "JSON"],
    ['{\n  "error": {\n', "JSON"],
    ['[{"id":1},\n{"id":2}]', "JSON"],
    ['{"id":1}\n{"id":2}\n', "JSON"],
    ["[]", "JSON"],
    ["{}", "JSON"],
    ['[["a","b"],[1,2]]', "JSON"],
    ["{\\rtf1\\ansi hello}", "RTF"],
  ])("%j", (text, what) => {
    expect(textFormatOf(text, true)).toContain(what)
  })

  it.each([
    "<TICKER>,<PER>,<DATE>\nAAPL,D,20240131\n",
    "<TICKER>\nAAPL\n",
    "<p>Hi</p>;1\n<p>Ho</p>;2\n",
    "[id],[name]\n1,Ada\n",
    "{name},{city}\nAda,Berlin\n",
    "[1,2],x\n[3,4],y\n",
    '"{""a"":1}",x\n',
    "html,css\n1,2\n",
    "a < b,c\n1,2\n",
    "",
  ])("a table is not rejected: %j", (text) => {
    expect(textFormatOf(text, true)).toBeUndefined()
  })
})

it.each([
  ["text/html; charset=utf-8", "HTML"],
  ["TEXT/HTML", "HTML"],
  ["application/json", "JSON"],
  ["application/problem+json", "JSON"],
  ["application/x-ndjson", "JSON"],
  ["application/xml", "XML"],
  ["application/atom+xml;type=feed", "XML"],
  ["application/rtf", "RTF"],
  ["application/pdf", "PDF"],
  ["image/png", "not text"],
])("a server's %s is not CSV", (type, what) => {
  expect(declaredFormatOf(type)).toContain(what)
})

it.each([
  "text/csv",
  "text/plain",
  "application/octet-stream",
  "application/vnd.ms-excel",
  "application/gzip",
  "text/tab-separated-values",
  "binary/octet-stream",
  "",
])("a server's %j may be CSV", (type) => {
  expect(declaredFormatOf(type)).toBeUndefined()
})
