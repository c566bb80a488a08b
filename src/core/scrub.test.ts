import { inspect } from "node:util"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Secret } from "./fields.ts"
import { holdSecrets, Scrubber, scrubLive, secretsIn } from "./scrub.ts"
import { formsOf } from "./secret-forms.ts"

const VALUE = 'pä"ss/w0rd+\\&\n%'

const encodings: readonly [string, (value: string) => string][] = [
  ["raw", (value) => value],
  ["base64", (value) => Buffer.from(value).toString("base64")],
  ["base64url", (value) => Buffer.from(value).toString("base64url")],
  ["hex", (value) => Buffer.from(value).toString("hex")],
  ["upper-case hex", (value) => Buffer.from(value).toString("hex").toUpperCase()],
  ["URL-escaped", encodeURIComponent],
  ["form-escaped", (value) => new URLSearchParams({ v: value }).toString().slice(2)],
  ["JSON-escaped", (value) => JSON.stringify(value).slice(1, -1)],
  ["JSON in JSON", (value) => JSON.stringify(JSON.stringify(value)).slice(3, -3)],
  ["SQL-quoted", (value) => value.replaceAll("'", "''")],
]

/** The rest of a secret in a text: any run of the encoded form that is at least a third of its length. */
const leaks = (text: string, encoded: string): boolean => {
  const length = Math.max(6, Math.ceil(encoded.length / 3))
  for (let start = 0; start + length <= encoded.length; start++) if (text.includes(encoded.slice(start, start + length))) return true
  return false
}

describe("a secret in a text", () => {
  const scrub = new Scrubber([VALUE])
  it.each(encodings)("is found %s", (_name, encode) => {
    const text = `before ${encode(VALUE)} after`
    expect(scrub.text(text)).toContain("[secret]")
    expect(leaks(scrub.text(text), encode(VALUE))).toBe(false)
    expect(scrub.text(text)).toMatch(/^before .*after$/s)
  })

  it("is found in base64 after a user name of any length", () => {
    for (const user of ["", "u:", "us:", "use:", "user:"]) {
      const text = Buffer.from(user + VALUE).toString("base64")
      expect(scrub.text(text)).toContain("[secret]")
    }
  })

  it("is found whatever its characters", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }).filter((value) => value.isWellFormed() && value.trim().length >= 8),
        fc.constantFrom(...encodings),
        (value, [, encode]) => {
          expect(new Scrubber([value]).text(`x=${encode(value)};`)).toContain("[secret]")
        },
      ),
    )
  })

  it("is found when it was written as Latin-1, whatever it is read as", () => {
    // The mark is a character of its own, whose low byte is a control character.
    const value = "pe\u0301ssword-\u00e4-1"
    const written = Buffer.from(value, "latin1")
    for (const read of ["latin1", "utf8"] as const) expect(new Scrubber([value]).text(`x=${written.toString(read)};`)).toBe("x=[secret];")
  })

  it("a PEM key is found line by line", () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo".repeat(2)}\n-----END PRIVATE KEY-----`
    expect(new Scrubber([key]).text(`at line ${key.split("\n")[1]}`)).toBe("at line [secret]")
  })

  it("short values are ignored, because they would blank out ordinary text", () => {
    expect(formsOf("abc")).toEqual([])
  })
})

describe("data and errors", () => {
  const scrub = new Scrubber([VALUE])
  it("are scrubbed at any depth, keys too", () => {
    const out = scrub.data({ [VALUE]: [{ a: `x${VALUE}` }], n: 1, nested: { deep: Buffer.from(VALUE).toString("hex") } })
    expect(inspect(out, { depth: 9 })).not.toContain("w0rd")
  })
  it("an error and its causes keep name, code and a scrubbed stack, and nothing else", () => {
    const inner = Object.assign(new Error(`inner ${VALUE}`), { code: "E1", config: { password: VALUE } })
    const outer = new TypeError(`outer ${VALUE}`, { cause: inner })
    const copy = scrub.error(outer)
    expect(inspect(copy, { depth: 9 })).not.toContain("w0rd")
    expect([copy?.name, (copy?.cause as { code?: string } | undefined)?.code]).toEqual(["TypeError", "E1"])
    expect(copy?.stack).toContain("scrub.test.ts")
  })
})

describe("a Secret", () => {
  it("never prints its value", () => {
    const config = { deep: [{ s: new Secret(VALUE) }] }
    for (const text of [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config), `${config.deep[0]?.s}`, String(config.deep[0]?.s)])
      expect(text).not.toContain("w0rd")
    expect(secretsIn(config)).toEqual([VALUE])
  })
})

describe("secrets in use", () => {
  it("are scrubbed from the log until the last holder releases them", () => {
    const first = holdSecrets([VALUE])
    const second = holdSecrets([VALUE])
    expect(scrubLive(VALUE)).toBe("[secret]")
    first()
    first()
    expect(scrubLive(VALUE)).toBe("[secret]")
    second()
    expect(scrubLive(VALUE)).toBe(VALUE)
  })
})

describe("a long secret", () => {
  const long = Buffer.from(Array.from({ length: 900 }, (_, index) => (index * 167 + (index >> 3)) % 251)).toString("base64")
  const scrub = new Scrubber([long])
  it.each([
    ["raw", long],
    ["hex", Buffer.from(long).toString("hex")],
    ["base64", Buffer.from(long).toString("base64")],
  ])("that was cut off on both sides is found %s", (_name, form) => {
    for (const [from, to] of [
      [0, 100],
      [17, 400],
      [333, 340 + 64],
    ] as const)
      expect(scrub.text(`it was ${form.slice(from, to)}… and more`)).toBe("it was [secret]… and more")
  })
})

describe("rarer spellings", () => {
  const scrub = new Scrubber([VALUE])
  it.each([
    ["a Buffer as printed", inspect(Buffer.from(VALUE))],
    ["a Buffer as JSON", JSON.stringify(Buffer.from(VALUE))],
    ["UTF-16 read as bytes", [...VALUE].join("\0")],
    ["UTF-16 in JSON", JSON.stringify([...VALUE].join("\0"))],
    ["in HTML", VALUE.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
    ["twice percent-encoded", encodeURIComponent(encodeURIComponent(VALUE))],
    ["a row of CSV", `"${VALUE.replaceAll('"', '""')}"`],
    ["JSON of PHP", JSON.stringify(VALUE).replaceAll("/", "\\/")],
  ])("%s", (_name, text) => expect(scrub.text(text)).toContain("[secret]"))
})

describe("a secret in disguise", () => {
  const value = "s3cr3t-Canary-92/xQ7Lk"
  const scrub = new Scrubber([value])
  const each = (text: string, map: (char: string) => string): string => [...text].map(map).join("")
  const code = (char: string, radix: number): string => char.charCodeAt(0).toString(radix)
  const twice = (first: BufferEncoding, second: BufferEncoding, before = ""): string =>
    Buffer.from(Buffer.from(before + value).toString(first)).toString(second)
  const disguises: readonly [string, string][] = [
    ["in capitals", value.toUpperCase()],
    ["in small letters", value.toLowerCase()],
    ["spaced", each(value, (char) => `${char} `)],
    ["with dashes", each(value, (char) => `${char}-`)],
    ["with zero-width spaces", each(value, (char) => `${char}\u200b`)],
    ["with soft hyphens", each(value, (char) => `${char}\u00ad`)],
    ["cut by a line break", `${value.slice(0, 9)}\n${value.slice(9)}`],
    ["cut by a line break and an indent", `${value.slice(0, 9)}\r\n    ${value.slice(9)}`],
    ["cut by a line break within JSON", JSON.stringify(`${value.slice(0, 9)}\n${value.slice(9)}`)],
    ["as hexadecimal escapes", each(value, (char) => `\\x${code(char, 16)}`)],
    ["as octal escapes", each(value, (char) => `\\${code(char, 8).padStart(3, "0")}`)],
    ["as Unicode escapes", each(value, (char) => `\\u00${code(char, 16)}`)],
    ["as Unicode escapes in braces", each(value, (char) => `\\u{${code(char, 16)}}`)],
    ["as decimal references of HTML", each(value, (char) => `&#${code(char, 10)};`)],
    ["as padded references of HTML", each(value, (char) => `&#0${code(char, 10)};`)],
    ["as hexadecimal references of HTML", each(value, (char) => `&#x${code(char, 16)};`)],
    ["percent-encoded twice", each(value, (char) => `%25${code(char, 16)}`)],
    [
      "with some characters escaped",
      `${value.slice(0, 3)}\\x${code(value[3] as string, 16)}${value.slice(4, 9)}%${code(value[9] as string, 16)}${value.slice(10)}`,
    ],
    ["quoted-printable", each(value, (char) => `=${code(char, 16).toUpperCase()}`)],
    ["quoted-printable, with a soft line break", `${value.slice(0, 9)}=\r\n${value.slice(9)}`],
    ["base64 twice", twice("base64", "base64")],
    ["base64 twice, after a user name", twice("base64", "base64", "user:")],
    ["base64 in lines of 16", Buffer.from(value).toString("base64").replace(/.{16}/g, "$&\n")],
    ["hex as base64", twice("hex", "base64")],
    ["base64 as hex", twice("base64", "hex")],
    ["hex twice", twice("hex", "hex")],
    ["spaced hex", Buffer.from(value).toString("hex").replace(/../g, "$& ")],
    ["backwards", [...value].reverse().join("")],
  ]
  it.each(disguises)("is found %s", (_name, text) => {
    const out = scrub.text(`It said ${text} and closed.`)
    expect(out).toMatch(/^It said .*\[secret\].* and closed\.$/s)
    expect(leaks(out, text)).toBe(false)
  })

  it.each([
    ["first", value.slice(0, 8)],
    ["last", value.slice(-8)],
    ["first ten", value.slice(0, 10)],
    ["last ten", value.slice(-10)],
  ])("is found by its %s characters", (_name, part) => expect(scrub.text(`The key ${part}… is wrong`)).toBe("The key [secret]… is wrong"))

  it.each([
    ["postgres", "PostgreSQL refused the login; Postgres 15."],
    ["password", "Password authentication failed."],
    ["production-database-readonly", "The database of production is for reading only."],
    ["https://files.example/a?key=x7Kq93LmPz51", "HTTPS is required; see https://files.other/a."],
  ])("that is made of words leaves ordinary text alone: %s", (word, text) => expect(new Scrubber([word]).text(text)).toBe(text))
})

describe("a text that is made to be hard to search", () => {
  it.each([
    ["a long secret of equal letters", ["a".repeat(4_000)], "a".repeat(1_000_000)],
    ["secrets of equal letters of every length", Array.from({ length: 60 }, (_, index) => "a".repeat(index + 4)), `${"a".repeat(63)}b`.repeat(1_000)],
    ["hundreds of secrets that begin alike", Array.from({ length: 400 }, (_, index) => `${"abcdefgh".repeat(7)}${index + 1_000}`), "abcdefgh".repeat(20_000)],
    ["nothing but escapes", [VALUE, "s3cr3t-Canary-92"], "%25%33%73\\x41&#65;=41".repeat(50_000)],
    ["nothing but beginnings of escapes", ["s3cr3t-Canary-92"], "\\&#=%u".repeat(100_000)],
  ])("is searched in time: %s", (_name, secrets, text) => expect(new Scrubber(secrets).text(text).length).toBeGreaterThan(0))
})

describe("a text that is cut", () => {
  const value = "s3cr3t-Canary-92/xQ7Lk"
  it("is cut where it was asked to be, and a secret at the cut is hidden whole", () => {
    const scrub = new Scrubber([value])
    expect(scrub.text("x".repeat(100), 10)).toBe("x".repeat(10))
    for (let before = 0; before <= 10; before++)
      expect(scrub.text(`${"x".repeat(before)}${value} and more`, 10)).toBe(`${"x".repeat(before)}${before < 10 ? "[secret]" : ""}`)
    expect(scrub.text(`${value}${"é".repeat(99_999)}`, 30)).toBe("[secret]éééééééé")
  })
})
