import { describe, expect, it } from "vitest"
import { encodingOf } from "./encoding.ts"

const KNOCK = Buffer.concat([Buffer.from("id,name\n1,Zürich\n2,Łódź\n3,x"), Buffer.from([0xfc]), Buffer.from("y\n4,日本\n")])
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1")
const encode = (words: readonly number[], before = "id,name\n1,"): Buffer => Buffer.concat([Buffer.from(before), Buffer.from(words), Buffer.from("\n")])

describe("bytes that are not UTF-8", () => {
  it.each([
    ["one byte among characters of many scripts", KNOCK],
    ["one byte in the first line", Buffer.concat([encode([0xfc], "id,na"), Buffer.from("1,Zürich\n2,Łódź\n")])],
    ["one byte after a single character", Buffer.concat([Buffer.from("1,Zürich\n2,"), Buffer.from([0xfc])])],
    ["a whole line of such bytes", Buffer.concat([Buffer.from("1,Köln\n2,"), latin1("äöüßÄÖÜ"), Buffer.from("\n3,Łódź\n")])],
    ["a truncated character", Buffer.concat([Buffer.from("1,Zürich\n2,Z"), Buffer.from([0xc3]), Buffer.from("\n3,Łódź\n")])],
    ["half of the lines", Buffer.concat([Buffer.from("1,Zürich\n2,Köln\n"), latin1("3,Zürich\n4,Köln\n")])],
    ["an overlong character and a surrogate", Buffer.concat([Buffer.from("1,Zürich\n2,Łódź\n"), Buffer.from([0xc0, 0x80, 0x0a, 0xed, 0xa0, 0x80, 0x0a])])],
  ])("do not keep the file from being UTF-8, as a guess with an alternative: %s", async (_, bytes) => {
    const { name, guess } = await encodingOf(bytes, "auto")
    expect([name, guess?.setting, guess?.taken, guess?.message]).toEqual(["utf-8", "encoding", "utf-8", expect.stringContaining("a guess")])
    expect(guess?.alternative).not.toBe("utf-8")
  })

  it.each([
    ["windows-1252", latin1("name;ort\nJosé;München\nZoë;Köln\n")],
    ["a single letter of windows-1252", latin1("id,name\n1,Zürich\n2,Bo\n")],
    ["windows-1251", encode([...Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x2c, 0xec, 0xe8, 0xf0])])],
    ["Shift_JIS", encode([0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea, 0x82, 0xcc, 0x83, 0x65])],
    ["GBK", encode([0xc4, 0xa3, 0xca, 0xbd, 0xd6, 0xd0, 0xb9, 0xfa, 0xb1, 0xb1, 0xbe, 0xa9, 0xc9, 0xcf, 0xba, 0xa3])],
  ])("mean another encoding if hardly any character is UTF-8, which is a guess: %s", async (_, bytes) => {
    const { name, guess } = await encodingOf(bytes, "auto")
    expect(name).not.toBe("utf-8")
    expect(guess).toMatchObject({ setting: "encoding", taken: name, alternative: expect.any(String) })
  })
})

describe("an encoding is certain", () => {
  it("if all bytes are UTF-8, or if a small file is ASCII; a first part in ASCII proves nothing", async () => {
    expect(await encodingOf(Buffer.from("Zürich"), "auto", false)).toEqual({ name: "utf-8", bom: 0 })
    expect(await encodingOf(Buffer.from("a,b"), "auto", true)).toEqual({ name: "utf-8", bom: 0 })
    expect((await encodingOf(Buffer.from("a,b"), "auto", false)).guess).toMatchObject({ taken: "utf-8", alternative: "windows-1252" })
  })

  it("if it is fixed; the byte order mark of another encoding is a warning", async () => {
    expect(await encodingOf(KNOCK, "windows-1252")).toEqual({ name: "windows-1252", bom: 0 })
    expect((await encodingOf(Buffer.from("\uFEFFa"), "latin1")).warning).toMatch(/mark of utf-8.*fixed as windows-1252/)
  })

  it("if the file has its byte order mark, even twice", async () => {
    expect(await encodingOf(Buffer.from("\uFEFF\uFEFFa"), "auto")).toEqual({ name: "utf-8", bom: 6 })
  })
})

describe("UTF-16 without a byte order mark", () => {
  const text = "名前,年齢\n田中,三十\n上野,四十\n佐藤,五十\n"
  it.each([
    ["utf-16le", Buffer.from(text, "utf16le")],
    ["utf-16be", Buffer.from(text, "utf16le").swap16()],
  ])("is recognized by its delimiters, in other scripts as well, as a guess: %s", async (name, bytes) => {
    expect(await encodingOf(bytes, "auto")).toMatchObject({ name, guess: { setting: "encoding", taken: name } })
  })
})

it.each([
  ["a NUL", "id,name\n1,Ada\u0000\n2,Bo\n"],
  ["two NULs", "id,na\u0000me\n1,Ad\u0000\n"],
  ["a Ctrl-Z", "id,name\n1,Ada\n2,Bo\n\u001a"],
])("a small text with %s is not taken for a binary file", async (_, text) => {
  expect((await encodingOf(Buffer.from(text), "auto")).name).toBe("utf-8")
})
