import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"

type Decoder = InstanceType<typeof TextDecoder>

/** Spellings that are not in the Encoding Standard, with their standard names. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/^utf-?8(mb[34]|-sig|n)?$/, "utf-8"],
  [/^utf-?16-?(le|be)$/, "utf-16$1"],
  [/^latin-?(\d+)$/, "latin$1"],
  [/^iso-?8859-?(\d+)(:\d+)?$/, "iso-8859-$1"],
  [/^(?:x-)?(?:cp|win|windows|ms)-?(125\d|874)$/, "windows-$1"],
  [/^(?:cp|ms|windows)-?(932|31j)$/, "shift_jis"],
  [/^(?:cp|ms|windows)-?936$/, "gbk"],
  [/^(?:cp|ibm)-?866$/, "ibm866"],
]

/** The decoder for a charset's label, which may be quoted or oddly spelled; undefined if the charset is unknown. The decoder fails on invalid bytes. */
function decoderFor(label: string): Decoder | undefined {
  const name = label
    .toLowerCase()
    .replaceAll("_", "-")
    .replace(/^[\s'"]+|[\s'"]+$/g, "")
  const spelled = SPELLINGS.flatMap(([pattern, meant]) => (pattern.test(name) ? [name.replace(pattern, meant)] : []))
  for (const each of [...spelled, name, name.replaceAll("-", "_"), name.replaceAll("-", "")])
    try {
      return new TextDecoder(each, { fatal: true })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  return undefined
}

/** The problem with a charset's label, worded to follow a field's title. */
export const charsetFault = (label: string): string | undefined =>
  decoderFor(label) === undefined ? "must be the name of a character set, such as utf-8, windows-1252 or shift_jis." : undefined

/** The charset labels in a content type such as `text/plain; charset=utf-8`; several if the header was repeated. */
const labelsIn = (type: string): string[] =>
  [...type.matchAll(/\bcharset\s*=\s*("[^"]*"|'[^']*'|[^\s;,]+)/gi)].map(([, label = ""]) => label.replace(/["']/g, ""))

/** Charsets that servers declare by default, whatever they send. */
const BY_DEFAULT: ReadonlySet<string> = new Set(["windows-1252"])

/**
 * The body as text; decoding never adds replacement characters. `charset` is the connector's setting and takes precedence over the answer: its byte order
 * mark, its content type, and the declaration in its XML or HTML. By default, the text is UTF-8, or UTF-16 if its bytes look like it. Fails with
 * `response_invalid` if the bytes are invalid in the charset; the message names the setting.
 */
export function textOf(answer: Pick<HttpAnswer, "headers" | "body" | "url" | "status">, charset?: string): string {
  const { body } = answer
  const said = [...labelsIn(answer.headers["content-type"] ?? ""), ...labelWithin(body)]
  const decoders = charset === undefined ? [...byMark(body), ...said.flatMap((label) => decoderFor(label) ?? [])] : [decoderFor(charset) ?? utf8()]
  const [first = utf8()] = decoders
  const own = charset === undefined && BY_DEFAULT.has(first.encoding) ? decode(utf8(), body) : undefined
  for (const each of decoders.length === 0 ? [first] : decoders) {
    const text = own ?? decode(each, body)
    if (text !== undefined) return text
  }
  throw misfit(answer, charset === undefined ? said[0] : undefined, charset)
}

/** The body as text for people; if it cannot be decoded, it is read as windows-1252. Never fails. */
export function readableText(answer: Pick<HttpAnswer, "headers" | "body" | "url" | "status">): string {
  try {
    return textOf(answer)
  } catch (error) {
    if (error instanceof PlatformError) return new TextDecoder("windows-1252").decode(answer.body)
    throw error
  }
}

const utf8 = (): Decoder => new TextDecoder("utf-8", { fatal: true })

function decode(decoder: Decoder, body: Buffer): string | undefined {
  try {
    return decoder.decode(body)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** The decoder that the byte order mark indicates, or the zero bytes of ASCII characters in UTF-16. */
function byMark(body: Buffer): Decoder[] {
  const [a, b, c, d] = body
  const named = (name: string): Decoder[] => [new TextDecoder(name, { fatal: true })]
  if (a === 0xef && b === 0xbb && c === 0xbf) return named("utf-8")
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && c !== 0 && d === 0)) return named("utf-16le")
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0 && d !== 0)) return named("utf-16be")
  return []
}

/** The charset that an XML declaration or an HTML meta element names. */
function labelWithin(body: Buffer): string[] {
  const head = body.toString("latin1", 0, 1_024)
  if (!/^\s*</.test(head)) return []
  const [, label] = /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']/i.exec(head) ?? /<meta[^>]*\bcharset\s*=\s*["']?([\w-]+)/i.exec(head) ?? []
  return label === undefined ? [] : [label]
}

function misfit(
  { url, status, headers }: Pick<HttpAnswer, "headers" | "url" | "status">,
  said: string | undefined,
  charset: string | undefined,
): PlatformError {
  const [type = ""] = (headers["content-type"] ?? "").split(/[;,]/)
  const answers = `${url.origin} answers ${status} with`
  const binary = /^\s*(image|audio|video|font)\/|octet-stream|\/(pdf|zip|gzip)\b/i.test(type) && said === undefined
  if (binary) return new PlatformError("response_invalid", `${answers} ${type.trim().slice(0, 60)}, which is not text; check the URL.`)
  const why =
    charset !== undefined
      ? `text that is not valid in ${charset}; correct Charset`
      : said === undefined
        ? "text that is not UTF-8 and declares no charset; set Charset to the actual one, such as windows-1252"
        : `text that is not valid in its declared charset ${said.slice(0, 40)}; set Charset to the actual one, such as windows-1252`
  return new PlatformError("response_invalid", `${answers} ${why}.`, { details: { status } })
}
