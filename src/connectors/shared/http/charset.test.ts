import { describe, expect, test } from "vitest"
import { charsetFault, readableText, textOf } from "./charset.ts"

const answerOf = (body: Buffer | string, type = "application/json") => ({
  status: 200,
  headers: type === "" ? {} : { "content-type": type },
  body: Buffer.from(body),
  url: new URL("https://a.example/"),
})
const TEXT = '{"city":"Köln"}'
const latin = Buffer.from(TEXT, "latin1")
const utf16be = Buffer.from(TEXT, "utf16le").swap16()

describe("a body in another charset", () => {
  test.each([
    "charset=iso-8859-1",
    "charset='iso-8859-1'",
    'charset="iso-8859-1"',
    "charset = ISO-8859-1",
    "charset=latin-1",
    "charset=latin1",
    "charset=Latin_1",
    "charset=iso8859-1",
    "charset=iso_8859-1",
    "charset=iso_8859-1:1987",
    "charset=ISO8859_1",
    "charset=iso-8859-15",
    "charset=cp1252",
    "charset=cp-1252",
    "charset=windows1252",
    "charset=win-1252",
    "charset=x-cp1252",
    "charset=us-ascii",
    "charset=no-such; charset=latin1",
    "charset=latin1, application/json; charset=latin1",
    "version=1; charset=latin1; profile=x",
  ])("%s is read", (label) => expect(textOf(answerOf(latin, `application/json; ${label}`))).toBe(TEXT))

  test.each([
    ["shift_jis", "shift-jis", [0x93, 0xfa], "日"],
    ["cp932", "cp932", [0x93, 0xfa], "日"],
    ["gb2312", "gb2312", [0xc8, 0xd5], "日"],
    ["cp936", "cp936", [0xc8, 0xd5], "日"],
    ["windows-1251", "windows1251", [0xc4, 0xe0], "Да"],
    ["koi8-r", "KOI8_R", [0xe4, 0xc1], "Да"],
    ["ibm866", "cp866", [0x84, 0xa0], "Да"],
  ])("%s as %s is read", (_, label, bytes, text) => expect(textOf(answerOf(Buffer.from(bytes as number[]), `text/plain; charset=${label}`))).toBe(text))

  test.each([
    ["UTF-8 without a word", Buffer.from(TEXT), ""],
    ["UTF-8 with a mark", Buffer.from(`\uFEFF${TEXT}`), "application/json; charset=latin1"],
    ["UTF-8 under a server's default of Latin-1", Buffer.from(TEXT), "application/json; charset=iso-8859-1"],
    ["UTF-8 under a label that nobody knows", Buffer.from(TEXT), "application/json; charset=no-such"],
    ["UTF-8 under another spelling", Buffer.from(TEXT), "application/json; charset=utf8mb4"],
    ["UTF-16 with a mark", Buffer.from(`\uFEFF${TEXT}`, "utf16le"), "application/json"],
    ["UTF-16 without one", Buffer.from(TEXT, "utf16le"), "application/json; charset=utf-8"],
    ["UTF-16 the other way round", utf16be, "application/json; charset=utf-16"],
  ])("%s is read by its bytes", (_, body, type) => expect(textOf(answerOf(body, type))).toBe(TEXT))

  test("XML and HTML name theirs at the beginning", () => {
    const xml = '<?xml version="1.0" encoding="ISO-8859-1"?><a>Köln</a>'
    expect(textOf(answerOf(Buffer.from(xml, "latin1"), "application/xml"))).toBe(xml)
    const html = '<html><head><meta charset="windows-1252"></head>Köln</html>'
    expect(textOf(answerOf(Buffer.from(html, "latin1"), "text/html"))).toBe(html)
  })

  test.each([
    ["", /declares no charset; set Charset/],
    ["application/json", /declares no charset; set Charset/],
    ["application/json; charset=utf-8", /not valid in its declared charset utf-8; set Charset/],
    ["application/json; charset=no-such", /not valid in its declared charset no-such; set Charset/],
    ["image/png", /image\/png, which is not text/],
    ["application/octet-stream", /which is not text/],
  ])("and bytes that do not fit %j are an error, never a replacement character", (type, says) => {
    for (const body of [latin, Buffer.concat([Buffer.from(TEXT), Buffer.from([0x80])])])
      expect(() => textOf(answerOf(body, type))).toThrow(expect.objectContaining({ code: "response_invalid", message: expect.stringMatching(says) }))
    expect(readableText(answerOf(latin, type))).toBe(TEXT)
  })

  test("the connector's own setting goes before everything else", () => {
    expect(textOf(answerOf(latin, "application/json; charset=utf-8"), "latin-1")).toBe(TEXT)
    expect(() => textOf(answerOf(latin), "utf-8")).toThrow(/not valid in utf-8; correct Charset/)
  })

  test("a replacement character of the text itself stays", () => expect(textOf(answerOf("a\uFFFDb"))).toBe("a\uFFFDb"))
})

test("a charset's name is checked", () => {
  expect(["utf-8", "latin-1", "'cp1252'", "shift-jis"].map(charsetFault)).toEqual([undefined, undefined, undefined, undefined])
  expect(charsetFault("no-such")).toMatch(/must be the name/)
})
