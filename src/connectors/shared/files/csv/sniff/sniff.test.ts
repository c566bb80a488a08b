import { describe, expect, it } from "vitest"
import { AUTO, type CsvOptions } from "../options.ts"
import { asUtf8, encodingOf } from "./encoding.ts"
import { namesOf } from "./names.ts"
import { sniff } from "./sniff.ts"

const sniffed = (text: string | Buffer, more: Partial<CsvOptions> = {}) => sniff(Buffer.from(text as string), true, { ...AUTO, ...more })

describe("a format is recognized", () => {
  it.each([
    ["id,name\n1,a\n2,b\n", ",", '"', true, ["id", "name"], ["integer", "text"]],
    ["id;preis\n1;1,50\n2;2,75\n", ";", '"', true, ["id", "preis"], ["integer", "text"]],
    ["1;1,50\n2;2,75\n", ";", '"', false, ["column_1", "column_2"], ["integer", "text"]],
    ["id\tname\r\n1\ta, b\r\n2\tc, d\r\n", "\t", '"', true, ["id", "name"], ["integer", "text"]],
    ["a|b\n1|x;y\n2|z\n", "|", '"', true, ["a", "b"], ["integer", "text"]],
    ["'a','b'\n'1','it''s'\n", ",", "'", true, ["a", "b"], ["integer", "text"]],
    ["a,b\rx,1.5\ry,2\r", ",", '"', true, ["a", "b"], ["text", "decimal"]],
    ["2026-01-01,1\n2026-01-02,2\n", ",", '"', false, ["column_1", "column_2"], ["date", "integer"]],
    ["name\nZoë\n", ",", '"', true, ["name"], ["text"]],
    ["x,x\nx,y\n", ",", '"', false, ["column_1", "column_2"], ["text", "text"]],
    ["id,name\n", ",", '"', true, ["id", "name"], [undefined, undefined]],
    ["\n\nid,at\n\n1,2026-01-01T10:00:00Z\n", ",", '"', true, ["id", "at"], ["integer", "timestamp"]],
    ['id,note\n1,"a;b;c"\n2,"d;e;f"\n3,x\n', ",", '"', true, ["id", "note"], ["integer", "text"]],
  ])("of %j", async (text, delimiter, quote, header, names, kinds) => {
    const format = await sniffed(text)
    expect({ delimiter: format.shape.delimiter, quote: format.shape.quote, header: format.header, names: format.names, kinds: format.kinds }).toEqual({
      delimiter,
      quote,
      header,
      names,
      kinds,
    })
  })

  it("unless it is fixed", async () => {
    const format = await sniffed("1;2,3\n4;5,6\n", { delimiter: "comma", header: "yes", quote: "none", encoding: "windows-1252" })
    expect(format).toMatchObject({ shape: { delimiter: ",", quote: "", exact: false }, header: true, names: ["1;2", "3"], encoding: { name: "windows-1252" } })
  })

  it("names are made unique without a new search for each, so that a hostile header does not block the hub", () => {
    const { names, warnings } = namesOf([...Array.from({ length: 20_000 }, () => "a"), "a_2"], 20_001)
    expect([names[1], names[19_999], names[20_000], warnings.length]).toEqual(["a_3", "a_20001", "a_2", 19_999])
  })

  it("names are made unique, with a warning for each change", () => {
    expect(namesOf(["a", "a", "", null, "a_2", "column_3"], 6)).toEqual({
      names: ["a", "a_3", "column_3_2", "column_4", "a_2", "column_3"],
      warnings: [
        "The column name a occurs more than once; this column is called a_3.",
        "Column 3 has no name; it is called column_3_2.",
        "Column 4 has no name; it is called column_4.",
      ],
    })
  })

  it("an endless row does not become columns", async () => {
    await expect(sniffed(",".repeat(20_000))).rejects.toMatchObject({ code: "response_invalid", message: expect.stringContaining("20001 columns") })
  })
})

describe("an encoding is recognized", () => {
  const text = "name;ort\nJosé;München\nZoë;Köln €\n"
  const utf16be = Buffer.from(text, "utf16le").swap16()
  it.each([
    ["UTF-8", Buffer.from(text), "utf-8"],
    ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${text}`), "utf-8"],
    ["UTF-16 LE", Buffer.from(text, "utf16le"), "utf-16le"],
    ["UTF-16 LE with a byte order mark", Buffer.from(`\uFEFF${text}`, "utf16le"), "utf-16le"],
    ["UTF-16 BE", utf16be, "utf-16be"],
    ["UTF-16 BE with a byte order mark", Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]), "utf-16be"],
    ["windows-1252", Buffer.from(text.replace("€", "\u0080"), "latin1"), "windows-1252"],
  ])("%s, and decoded however it is cut into pieces", async (_, bytes, name) => {
    const encoding = await encodingOf(bytes, "auto")
    expect(encoding.name).toBe(name)
    for (const size of [1, 2, 3, 7, 1_000]) {
      const parts: Buffer[] = []
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      }
      for await (const part of asUtf8(pieces(), encoding)) parts.push(part)
      expect(Buffer.concat(parts).toString()).toBe(text)
    }
  })

  it.each([
    ["504b0304140000000800", /ZIP archive or an Excel/],
    ["25504446312e37", /a PDF/],
    ["000102030405060708090a0b0c0d0e0f", /a binary file/],
  ])("a file that is not text is rejected by name: %s", async (hex, says) => {
    await expect(encodingOf(Buffer.from(hex, "hex"), "auto")).rejects.toMatchObject({ code: "response_invalid", message: expect.stringMatching(says) })
  })

  it("a sample that ends within a character is still UTF-8", async () => {
    const bytes = Buffer.from("a,b\nZoë,👩\n")
    for (let end = 5; end <= bytes.length; end++) expect((await encodingOf(bytes.subarray(0, end), "auto")).name).toBe("utf-8")
  })
})
