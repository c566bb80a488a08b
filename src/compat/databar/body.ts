import { bad, type Detail, unprocessable } from "./errors.ts"

/** A header, a query parameter or a body field. */
export interface NameValue {
  readonly name: string
  readonly value: string
}

/** ConnectorCreate of the page, with its defaults. */
export interface ConnectorBody {
  readonly name: string
  readonly type: string
  readonly method: string
  readonly url: string
  readonly headers: readonly NameValue[]
  readonly parameters: readonly NameValue[]
  readonly body: readonly NameValue[]
  readonly body_template: string | null
  readonly rate_limit: number | null
  readonly max_concurrency: number | null
}

export const TYPES: readonly string[] = ["simple", "enrichment", "exporter"]
export const METHODS: readonly string[] = ["get", "post", "put", "patch"]

type Loc = Detail["loc"]
type Plain = Readonly<Record<string, unknown>>

/** Reads a body. Reports wrong types and exceeded limits in one 422, and an unknown type or method as a 400. Ignores other fields. */
export function readConnector(given: unknown): ConnectorBody {
  const details: Detail[] = []
  const body = asObject(given, ["body"], details)
  if (body === undefined) throw unprocessable(details)
  const text = (name: string, options: TextOptions): string => readText(body, name, ["body"], options, details)
  const whole = (name: string): number | null => (body[name] === undefined || body[name] === null ? null : readInteger(body[name], ["body", name], details))
  const read: ConnectorBody = {
    name: text("name", { most: 256 }),
    type: text("type", { default: "enrichment" }),
    method: text("method", {}),
    url: text("url", { most: 512 }),
    headers: readRows(body, "headers", details),
    parameters: readRows(body, "parameters", details),
    body: readRows(body, "body", details),
    body_template: body["body_template"] === undefined || body["body_template"] === null ? null : text("body_template", { most: 2_048 }),
    rate_limit: whole("rate_limit"),
    max_concurrency: whole("max_concurrency"),
  }
  if (details.length > 0) throw unprocessable(details)
  const faults = [
    ...(TYPES.includes(read.type) ? [] : [`type must be one of ${TYPES.join(", ")}.`]),
    ...(METHODS.includes(read.method) ? [] : [`method must be one of ${METHODS.join(", ")}.`]),
    ...(read.name.isWellFormed() && !read.name.includes("\u0000") ? [] : ["name must be valid Unicode text without null characters."]),
  ]
  if (faults.length > 0) throw bad(faults.join(" "))
  return read
}

/** Reads the integer id in a path. */
export function readId(given: unknown): number {
  if (typeof given === "string" && /^-?\d{1,15}$/.test(given)) return Number(given)
  const msg = "Input should be a valid integer, unable to parse string as an integer"
  throw unprocessable([{ type: "int_parsing", loc: ["path", "connector_id"], msg }])
}

function asObject(given: unknown, loc: Loc, details: Detail[]): Plain | undefined {
  if (given !== null && typeof given === "object" && !Array.isArray(given)) return given as Plain
  details.push(
    given === undefined || given === null
      ? { type: "missing", loc, msg: "Field required" }
      : { type: "model_attributes_type", loc, msg: "Input should be a valid dictionary or object to extract fields from" },
  )
  return undefined
}

interface TextOptions {
  /** The maximum length of the text, in characters. */
  readonly most?: number
  readonly default?: string
}

function readText(from: Plain, name: string, at: Loc, { most, default: absent }: TextOptions, details: Detail[]): string {
  const loc = [...at, name]
  const value = from[name] === undefined ? absent : from[name]
  if (value === undefined) details.push({ type: "missing", loc, msg: "Field required" })
  else if (typeof value !== "string") details.push({ type: "string_type", loc, msg: "Input should be a valid string" })
  else if (most !== undefined && value.length > most && [...value].length > most)
    details.push({ type: "string_too_long", loc, msg: `String should have at most ${most} characters` })
  else return value
  return ""
}

function readInteger(value: unknown, loc: Loc, details: Detail[]): number | null {
  if (typeof value !== "number") details.push({ type: "int_type", loc, msg: "Input should be a valid integer" })
  else if (!Number.isInteger(value)) details.push({ type: "int_from_float", loc, msg: "Input should be a valid integer, got a number with a fractional part" })
  else if (value < 1) details.push({ type: "greater_than_equal", loc, msg: "Input should be greater than or equal to 1" })
  else return value
  return null
}

function readRows(body: Plain, name: string, details: Detail[]): NameValue[] {
  const given = body[name]
  if (given === undefined) return []
  if (!Array.isArray(given)) {
    details.push({ type: "list_type", loc: ["body", name], msg: "Input should be a valid list" })
    return []
  }
  return given.flatMap((each: unknown, index): NameValue[] => {
    const loc = ["body", name, index]
    const row = asObject(each ?? "", loc, details)
    if (row === undefined) return []
    return [{ name: readText(row, "name", loc, {}, details), value: readText(row, "value", loc, { default: "" }, details) }]
  })
}
