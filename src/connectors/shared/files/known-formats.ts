/** The first bytes of binary files, with the name of the format as messages use it. */
const BINARY: readonly (readonly [magic: string, what: string])[] = [
  ["504b0304", "a ZIP archive or an Excel workbook; save the sheet as CSV"],
  ["d0cf11e0a1b11ae1", "an old Excel or Word file; save the sheet as CSV"],
  ["25504446", "a PDF"],
  ["50415231", "a Parquet file"],
  ["89504e47", "a PNG image"],
  ["ffd8ff", "a JPEG image"],
  ["47494638", "a GIF image"],
  ["7f454c46", "an executable program"],
  ["53514c69746520", "an SQLite database"],
  ["4f626a01", "an Avro file"],
  ["4f5243", "an ORC file"],
  ["425a68", "compressed with bzip2; compress it with gzip or zstd"],
  ["fd377a585a00", "compressed with xz; compress it with gzip or zstd"],
  ["fffe0000", "text in UTF-32; save it as UTF-8"],
  ["0000feff", "text in UTF-32; save it as UTF-8"],
]

/** The binary format of a file by its first bytes, as a message names it; undefined for text. */
export function binaryFormatOf(head: Buffer): string | undefined {
  const hex = head.subarray(0, 8).toString("hex")
  return BINARY.find(([magic]) => hex.startsWith(magic))?.[1]
}

const HTML = "an HTML page, such as a login or error page"
const XML = "an XML document, such as an error response"
const JSON_TEXT = "JSON, such as an error response"

/** Beginnings that no delimited text has. */
const TEXTS: readonly (readonly [begins: RegExp, what: string])[] = [
  [/^(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|title|meta)[\s>/]/i, HTML],
  [/^<(?:\?xml[\s?]|!doctype\s|!--)/i, XML],
  [/^\{\\rtf\d?/, "an RTF document"],
  [/^%!PS-/, "a PostScript document"],
  [/^(?:\[\s*)?\{\s*"(?:[^"\\\r\n]|\\.){0,500}"\s*:/, JSON_TEXT],
  [/^\[\s*(?:\{\s*\}\s*[,\]]|\]\s*$)/, JSON_TEXT],
  [/^\{\s*\}\s*$/, JSON_TEXT],
]
/** A tag with a name, at the beginning of a document. */
const TAG = /^<([a-z][\w:.-]{0,100})(?:\s[^<>]{0,1000})?>/i
const LOOKED_AT = 65_536

/** The format of a text that is not a table, as a message names it; undefined if the text may be a table. `whole`: nothing follows it. */
export function textFormatOf(text: string, whole: boolean): string | undefined {
  const begun = text.slice(0, LOOKED_AT).trimStart()
  const known = TEXTS.find(([begins]) => begins.test(begun))?.[1]
  if (known !== undefined) return known
  const array = whole && text.length <= LOOKED_AT && /^\[\s*(?:["\d[]|-\d|true|false|null)/.test(begun) && /\]\s*$/.test(begun)
  if (array && isJson(text)) return JSON_TEXT
  const name = TAG.exec(begun)?.[1]
  // A header such as <TICKER>,<DATE> also begins with a tag, but a document closes its first tag at its end.
  const closed = name !== undefined && whole && text.length <= LOOKED_AT && begun.trimEnd().endsWith(`</${name}>`)
  if (!closed) return undefined
  return /^(?:div|p|h\d|center|table|form|main|section|span|b|pre)$/i.test(name) ? HTML : XML
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Media types of responses that are not a table, whatever their bytes look like. */
const MEDIA_TYPES: readonly (readonly [type: RegExp, what: string])[] = [
  [/^(?:text\/html|application\/xhtml\+xml)$/, HTML],
  [/^(?:application\/(?:[\w.-]+\+)?(?:json|x-ndjson|ndjson|jsonl|json-seq)|text\/json)$/, JSON_TEXT],
  [/^(?:application\/(?:[\w.-]+\+)?xml|text\/xml)$/, XML],
  [/^(?:application|text)\/rtf$/, "an RTF document"],
  [/^application\/pdf$/, "a PDF"],
  [/^(?:image|audio|video|font|multipart)\//, "not text"],
]

/** The format that a Content-Type declares, as a message names it; undefined if the file may be a table. */
export function declaredFormatOf(contentType: string): string | undefined {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? ""
  return MEDIA_TYPES.find(([pattern]) => pattern.test(type))?.[1]
}
