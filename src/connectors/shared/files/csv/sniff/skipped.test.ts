import { describe, expect, it } from "vitest"
import { AUTO, type CsvOptions } from "../options.ts"
import { sniff } from "./sniff.ts"

const sniffed = (text: string, more: Partial<CsvOptions> = {}) => sniff(Buffer.from(text), true, { ...AUTO, ...more })
const settings = (of: Awaited<ReturnType<typeof sniffed>>) => of.guesses.map(({ setting, taken, alternative }) => [setting, taken, alternative])

describe("a line for Excel", () => {
  it.each([
    ["sep=;\r\nid;name\r\n1;Ada\r\n", ";"],
    ['"sep=;"\nid;name\n1;Ada\n', ";"],
    ["SEP=|\nid|name\n1|Ada\n", "|"],
    ["sep=\t\nid\tname\n1\tAda\n", "\t"],
    ["sep=,\rid,name\r1,Ada\r", ","],
    ["sep=~\nid~name\n1~Ada\n", "~"],
    ["\uFEFFsep=;\nid;name\n1;Ada\n", ";"],
    ["sep=;\nid;name,first\n1;Ada,Bo\n", ";"],
    ["sep=;;\nid;name\n1;Ada\n", ";"],
  ])("%j names the delimiter and is skipped", async (text, delimiter) => {
    const format = await sniffed(text)
    expect(format).toMatchObject({ header: true, kinds: ["integer", "text"], start: [expect.any(Number), 2] })
    expect([format.shape.delimiter, format.names[0]]).toEqual([delimiter, "id"])
    expect(format.guesses).toEqual([])
  })

  it("is a header if nothing may be skipped, or if it names no delimiter", async () => {
    expect((await sniffed("sep=;x\n1;2\n", { skipLines: 0, header: "yes", delimiter: "semicolon" })).names).toEqual(["sep=", "x"])
    expect((await sniffed("sep=a\nx\n", { header: "yes" })).names).toEqual(["sep=a"])
  })
})

describe("notes above the header", () => {
  it.each([
    ["a title and a date", "Report: Sales\nGenerated: 2024-01-01\n\nid,name,total\n1,Ada,3\n2,Bo,4\n", 2],
    ["one line", "Report\nid,name\n1,Ada\n", 1],
    ["comments", "# made by x\n# on Monday\nid,name\n1,Ada\n2,Bo\n", 2],
    ["comments with delimiters", "# made by x, y\n# for a, b\nid,name\n1,Ada\n2,Bo\n", 2],
    ["pairs above a certain header", "Company,ACME\nDate,2024\n\nid,name,total\n1,Ada,3\n2,Bo,4\n", 2],
    ["lines that a spreadsheet has padded", "Sales,,\n2024,,\n,,\nid,name,total\n1,Ada,3\n2,Bo,4\n", 3],
  ])("are skipped, which is a guess: %s", async (_, text, lines) => {
    const format = await sniffed(text)
    expect(format).toMatchObject({ header: true, start: [expect.any(Number), lines + 1] })
    expect(format.names.slice(0, 2)).toEqual(["id", "name"])
    expect(settings(format)).toContainEqual(["skipLines", String(lines), "0"])
    expect(format.kinds[0]).toBe("integer")
  })

  it.each([
    ["a short row", "1,Ada\n2,Bo,3\n4,Cy,5\n6,Di,7\n"],
    ["a row without a delimiter above rows", "0\n2,Bo,3\n4,Cy,5\n"],
    ["a header that begins with #", "#id,name\n1,Ada\n2,Bo\n"],
    ["a single column", "# a\n# b\nc\n"],
  ])("are not assumed: %s", async (_, text) => {
    expect((await sniffed(text)).start).toEqual([0, 1])
  })

  it("are skipped above a header of a single column, which is kept", async () => {
    expect((await sniffed("# note\n#id,name\n1,Ada\n2,Bo\n")).names).toEqual(["#id", "name"])
  })

  it("can be fixed by a number of lines, and comments by their prefix", async () => {
    const fixed = await sniffed("a,b\nc,d\nid,name\n1,Ada\n", { skipLines: 2 })
    expect(fixed).toMatchObject({ names: ["id", "name"], start: [8, 3], guesses: [] })
    const commented = await sniffed("% it's \"a\nid,name\n% b\n1,Ada\n", { commentPrefix: "%" })
    expect(commented).toMatchObject({ names: ["id", "name"], kinds: ["integer", "text"], start: [0, 1] })
    await expect(sniffed("a\nb\n", { skipLines: 3 })).rejects.toMatchObject({ code: "response_invalid", message: expect.stringContaining("3 skipped lines") })
  })
})

describe("a trailing delimiter", () => {
  it("in every row is dropped, which is a guess", async () => {
    const format = await sniffed("a,b,c\n1,2,3,\n4,5,6,\n")
    expect(format).toMatchObject({ names: ["a", "b", "c"], header: true, dropsTrailing: true, kinds: ["integer", "integer", "integer"] })
    expect(settings(format)).toEqual([["trailingDelimiter", "drop", "keep"]])
  })
  it("in only one row, or with a value after it, is kept", async () => {
    expect((await sniffed("a,b,c\n1,2,3,\n4,5,6\n7,8,9\n")).dropsTrailing).toBe(false)
    expect((await sniffed("a,b,c\n1,2,3,4\n4,5,6,\n")).dropsTrailing).toBe(false)
    expect((await sniffed("a,b,c\n1,2,3,\n4,5,6,\n", { trailingDelimiter: "keep" })).dropsTrailing).toBe(false)
  })
  it("in the header alone does not begin a column", async () => {
    expect((await sniffed("a,b,c,\n1,2,3\n4,5,6\n")).names).toEqual(["a", "b", "c"])
  })
})

describe("a delimiter", () => {
  it.each([
    ["price\n1,5\n2,5\n3,7\n", ["price"], ["delimiter", "comma", undefined]],
    ["1;1,50\n2;2,75\n", ["column_1", "column_2"], ["delimiter", "semicolon", "comma"]],
    ["a,b;c\nd,e;f\ng,h;i\n", ["a", "b;c"], ["delimiter", "comma", "semicolon"]],
    ["name\nAda\nBo\n", ["name"], ["delimiter", "comma", undefined]],
  ])("that others nearly match is a guess: %j", async (text, names, guess) => {
    const format = await sniffed(text)
    expect(format.names).toEqual(names)
    const [found] = settings(format).filter(([setting]) => setting === "delimiter")
    expect([found?.[0], found?.[2]]).toEqual([guess[0], guess[2]])
  })
  it("that is fixed is not a guess", async () => {
    expect(settings(await sniffed("1;x,y\n2;z,w\n", { delimiter: "semicolon" }))).toEqual([])
  })
})

it("a first line that does not end within the first part of the file is rejected, not truncated", async () => {
  await expect(sniff(Buffer.from("a,".repeat(5_000)), false, AUTO)).rejects.toMatchObject({ message: expect.stringContaining("no whole record") })
})

describe("a column of values in a local format stays text, which is a guess", () => {
  it.each([
    ["dates whose day and month cannot be told apart", "id,day\n1,01/02/2024\n2,03/04/2024\n", /order of day and month.*day \(01\/02\/2024\)/],
    ["decimal commas", "id;price\n1;1.234,50\n2;7,00\n", /points and commas.*price \(1\.234,50\)/],
    ["thousands and currencies", 'id,price\n1,"$1,234"\n2,"$7"\n', /price/],
    ["yes and no", "id,paid\n1,yes\n2,no\n", /yes or no.*paid/],
  ])("%s", async (_, text, says) => {
    const format = await sniffed(text)
    expect(format.kinds).toEqual(["integer", "text"])
    expect(format.guesses.filter(({ setting }) => setting === "types")).toEqual([{ setting: "types", taken: "text", message: expect.stringMatching(says) }])
    expect(settings(await sniffed(text, { types: "text" })).filter(([setting]) => setting === "types")).toEqual([])
  })

  it("codes and names are certainly text", async () => {
    expect(settings(await sniffed("id,zip,name\n1,00123,Ada\n2,00124,Bo\n"))).toEqual([])
  })
})
