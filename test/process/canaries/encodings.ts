/** An encoding in which a secret might be written; one text may have several spellings. */
export type Encoding = (text: string) => readonly (string | Buffer)[]

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8")
const hexOf = (text: string, pattern: string, each: (byte: string) => string = (byte) => byte): string =>
  [...bytesOf(text)].map((byte) => pattern.replace("..", each(byte.toString(16).padStart(2, "0")))).join("")
const url = (text: string): string => encodeURIComponent(text.toWellFormed())
const lowerEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (sequence) => sequence.toLowerCase())
const json = (text: string): string => JSON.stringify(text).slice(1, -1)
const ascii = (text: string): string => json(text).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
const markup = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
const swapped = (text: string): Buffer => Buffer.from(text, "utf16le").swap16()

/** Base64 of the text after 0, 1 or 2 other bytes: only the characters that depend on the text alone. */
const aligned = (text: string): string[] =>
  [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), bytesOf(text)])
    return bytes.toString("base64").slice(before === 0 ? 0 : before + 1, Math.floor((bytes.length * 4) / 3))
  })

/** Every spelling that is searched for. */
export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  raw: (text) => [text],
  "Latin-1": (text) => [Buffer.from(text, "latin1")],
  "UTF-16": (text) => [Buffer.from(text, "utf16le"), swapped(text)],
  "decomposed or composed": (text) => [text.normalize("NFC"), text.normalize("NFD")],
  "read as another encoding": (text) => [bytesOf(text).toString("latin1"), text.replace(/[^\x20-\x7e]/g, "\ufffd")],
  base64: aligned,
  base64url: (text) => aligned(text).map((each) => each.replaceAll("+", "-").replaceAll("/", "_")),
  hexadecimal: (text) => [hexOf(text, ".."), hexOf(text, "..", (byte) => byte.toUpperCase())],
  "percent-encoded": (text) => [
    url(text),
    lowerEscapes(url(text)),
    encodeURI(text.toWellFormed()),
    hexOf(text, "%.."),
    hexOf(text, "%..", (byte) => byte.toUpperCase()),
  ],
  "percent-encoded twice": (text) => [url(url(text))],
  form: (text) => [url(text).replaceAll("%20", "+"), new URLSearchParams([["", text]]).toString().slice(1)],
  JSON: (text) => [json(text), ascii(text)],
  "JSON twice": (text) => [json(json(text)), json(ascii(text))],
  "UTF-16 in JSON": (text) => [[...text].join("\\u0000"), [...text].join("\\\\u0000")],
  "slashes escaped": (text) => [json(text).replaceAll("/", "\\/")],
  markup: (text) => [markup(text), markup(text).replaceAll("'", "&#39;"), markup(text).replaceAll("'", "&#x27;")],
  "quotes doubled": (text) => [
    text.replaceAll("'", "''"),
    text.replaceAll('"', '""'),
    text.replaceAll("\\", "\\\\"),
    text.replaceAll('"', '""').replaceAll("\\", "\\\\"),
  ],
  "a Buffer as printed": (text) => [hexOf(text, ".. ").trimEnd(), hexOf(text, "..:", (byte) => byte.toUpperCase()).slice(0, -1)],
  "a list of bytes": (text) => [[...bytesOf(text)].join(","), [...bytesOf(text)].join(", ")],
  "the other way around": (text) => [[...text].reverse().join("")],
}
