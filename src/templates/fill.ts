import type { TemplatePlace } from "../core/call.ts"

/** What an expression of a template gave: a value, or JSON that the template's author made by `tojson`. */
export type Piece = { readonly value: unknown } | { readonly json: string }

/** The pieces of a filled template: its own text, and what its expressions gave, in order. */
export type Parts = readonly (string | Piece)[]

/** Why a template did not give JSON; `byTemplate` when no other values would have helped. */
export class FillFault extends Error {
  override readonly name = "FillFault"
}

/**
 * Puts the pieces where they stand. In JSON, a value inside a string is escaped, outside it is a JSON value of its own, so that none
 * can end a string or add a member; the whole must be JSON in the end. In a URL or a form each is percent-encoded. At most `most` characters.
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

/** No value ends a path's part, makes one that goes up, or adds to the query. */
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
  /** A backslash stands last, and would change what comes next. */
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

/** A value inside of text: nothing for none, JSON for lists and objects. */
function inText(value: unknown): string {
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
