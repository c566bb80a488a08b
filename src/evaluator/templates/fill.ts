import type { TemplatePlace } from "../../core/call.ts"

/** The result of an expression in a template: a value, or JSON that the template's author made with `tojson`. */
export type Piece = { readonly value: unknown } | { readonly json: string }

/** The pieces of a filled template in order: its literal text, and the results of its expressions. */
export type Parts = readonly (string | Piece)[]

/** The reason why a template produced no valid output. */
export class FillFault extends Error {
  override readonly name = "FillFault"
}

/**
 * Inserts the pieces at their places. In JSON, a value inside a string is escaped and a value outside is a JSON value
 * of its own, so no value can end a string or add a member; the result must be valid JSON. In a URL or a form, each
 * value is percent-encoded. At most `most` characters.
 */
export function fill(parts: Parts, most: number, place: TemplatePlace = "json"): string {
  return place === "json" ? fillJson(parts, most) : fillUrl(parts, most, place)
}

function fillJson(parts: Parts, most: number): string {
  const out: string[] = []
  let length = 0
  let state: State = { inString: false, escaped: false }
  for (const part of parts) {
    const text = typeof part === "string" ? part : placed(part, state)
    if (typeof part === "string") state = after(part, state)
    length += text.length
    if (length > most) throw new FillFault(`gives more than ${most} characters`)
    out.push(text)
  }
  const whole = out.join("")
  try {
    JSON.parse(whole)
  } catch (cause) {
    throw new FillFault("does not give valid JSON with these inputs", { cause })
  }
  return whole
}

const PIECE = "\u0000"

/** Ensures that no value ends a path segment, turns one into `.` or `..`, or adds to the query. */
function fillUrl(parts: Parts, most: number, place: "url" | "form"): string {
  const encoded = (piece: Piece): string => {
    const text = ("json" in piece ? piece.json : inText(piece.value)).toWellFormed()
    return place === "url" ? encodeURIComponent(text) : new URLSearchParams([["", text]]).toString().slice(1)
  }
  const marked = parts.map((part) => (typeof part === "string" ? part : PIECE + encoded(part))).join("")
  const whole = marked.replaceAll(PIECE, "")
  if (whole.length > most) throw new FillFault(`gives more than ${most} characters`)
  const path = place === "url" ? (marked.split(/[?#]/, 1)[0] ?? "") : ""
  const hollow = path.split("/").find((part) => part.includes(PIECE) && /^\.{0,2}$/.test(part.replaceAll(PIECE, "").replace(/%2e/gi, ".")))
  if (hollow !== undefined) throw new FillFault("leaves a part of the path empty, or makes it . or .., with these inputs")
  return whole
}

interface State {
  readonly inString: boolean
  /** The text ends with a backslash, which would change the meaning of the next character. */
  readonly escaped: boolean
}

function after(text: string, { inString, escaped }: State): State {
  for (const char of text) {
    if (escaped) escaped = false
    else if (char === "\\" && inString) escaped = true
    else if (char === '"') inString = !inString
  }
  return { inString, escaped }
}

function placed(piece: Piece, { inString, escaped }: State): string {
  if (escaped) throw new FillFault("has a backslash right before an expression inside a string")
  if (!inString) return "json" in piece ? piece.json : JSON.stringify(piece.value ?? null)
  return JSON.stringify("json" in piece ? piece.json : inText(piece.value)).slice(1, -1)
}

/** A value inside text: empty for null and undefined, JSON for lists and objects. */
function inText(value: unknown): string {
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
