import type { Side } from "../../hub/connectors/connector-lists.ts"
import { isSettings, type Settings } from "../mapping.ts"
import { type BuiltDefinition, definitionNamed } from "./definitions.ts"
import { broken } from "./errors.ts"

/** The maximum length of a name, as in the native API. */
const LONGEST_NAME = 256
/** The maximum length of an e-mail address or a password in a login, in characters. */
const LONGEST_LOGIN = 1_024
const LARGEST_ID = 2_147_483_647
const SIDES: readonly string[] = ["source", "destination"]

/** The `connector` in a request to create or change one; for a change, it has only the members that were given. */
export interface ConnectorBody {
  readonly name?: string
  readonly connector_type?: Side
  readonly connector_name?: string
  readonly configuration?: Settings
  readonly description?: string
}

/** Reads `{ connector: … }` by the vendor's contract; throws 400 with the fault of each field. Other fields are ignored. */
export function readConnector(body: unknown, required: boolean): ConnectorBody {
  const given = isSettings(body) ? body["connector"] : undefined
  if (given === undefined) throw broken({ connector: ["is missing"] })
  if (!isSettings(given)) throw broken({ connector: ["must be a hash"] })
  const violations: Record<string, string[]> = {}
  const check = (name: string, isRequired: boolean, fault: (value: unknown) => string | undefined): unknown => {
    const value = given[name]
    const wrong = value === undefined ? (isRequired ? "is missing" : undefined) : fault(value)
    if (wrong !== undefined) violations[name] = [wrong]
    return wrong === undefined ? value : undefined
  }
  const filled = (value: unknown): string | undefined => (value === null || value === "" ? "must be filled" : textFault(value))
  const read: { [K in keyof ConnectorBody]: unknown } = {
    name: check("name", required, (value) => filled(value) ?? sizeFault(value, LONGEST_NAME)),
    connector_type: check("connector_type", required, (value) => filled(value) ?? (SIDES.includes(String(value)) ? undefined : "invalid connector type")),
    connector_name: check("connector_name", required, filled),
    configuration: check("configuration", required, (value) =>
      value === null || (isSettings(value) && Object.keys(value).length === 0) ? "must be filled" : isSettings(value) ? undefined : "must be a hash",
    ),
    description: check("description", false, (value) => (value === null ? undefined : textFault(value))) ?? (given["description"] === null ? "" : undefined),
  }
  if (Object.keys(violations).length > 0) throw broken({ connector: violations })
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as ConnectorBody
}

function textFault(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be a string"
  return value.isWellFormed() && !value.includes("\u0000") ? undefined : "is in invalid format"
}

const sizeFault = (value: unknown, most: number): string | undefined => (String(value).length > most ? `size cannot be greater than ${most}` : undefined)

/** The definition with that name on that side; throws 400 if it is not built, or not on that side. */
export function requireDefinition(all: readonly BuiltDefinition[], side: Side, name: string): BuiltDefinition {
  const definition = definitionNamed(all, side, name)
  if (definition === undefined) throw broken({ connector: { connector_name: [`invalid connector ${side} name`] } })
  return definition
}

/** Reads the e-mail address and the password of a login. */
export function readLogin(body: unknown): { email: string; password: string } {
  const given = isSettings(body) ? body : {}
  const [email, password] = [given["email"], given["password"]]
  const wrong = Object.entries({ email, password }).flatMap(([name, value]): [string, string[]][] => {
    const fault = value === undefined ? "is missing" : value === null || value === "" ? "must be filled" : (textFault(value) ?? sizeFault(value, LONGEST_LOGIN))
    return fault === undefined ? [] : [[name, [fault]]]
  })
  if (wrong.length > 0) throw broken(Object.fromEntries(wrong))
  return { email: String(email), password: String(password) }
}

/** Reads the integer id in a path. */
export function readId(given: unknown): number {
  if (typeof given !== "string" || !/^-?\d{1,15}$/.test(given)) throw broken({ id: ["must be an integer"] })
  return Math.min(Number(given), LARGEST_ID)
}

export interface ListQuery {
  readonly side?: Side
  readonly page: number
  readonly perPage: number
  readonly category?: string
  readonly subCategory?: string
}

/** Reads `type`, `category` and `sub_category` (in any case), `page` (from 1) and `per_page` (10 by default, at most 1,000). */
export function readList(query: Settings): ListQuery {
  const violations: Record<string, string[]> = {}
  const whole = (name: string, absent: number, most: number): number => {
    const value = query[name]
    if (value === undefined) return absent
    const number = typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (Number.isNaN(number)) violations[name] = ["must be an integer"]
    else if (number < 1) violations[name] = ["must be greater than 0"]
    else if (number > most) violations[name] = [`must be less than or equal to ${most}`]
    return number
  }
  const oneOf = (name: string, values: readonly string[]): string | undefined => {
    const value = typeof query[name] === "string" ? query[name].toLowerCase() : query[name]
    if (value === undefined || (typeof value === "string" && values.includes(value))) return value
    violations[name] = [`invalid ${name}`]
    return undefined
  }
  const side = oneOf("type", SIDES) as Side | undefined
  const category = oneOf("category", ["data", "ai_ml"])
  const subCategory = oneOf("sub_category", ["llm", "database", "web", "ai_ml_service", "vector"])
  const [page, perPage] = [whole("page", 1, 1_000_000), whole("per_page", 10, 1_000)]
  if (Object.keys(violations).length > 0) throw broken(violations)
  return { page, perPage, ...(side && { side }), ...(category && { category }), ...(subCategory && { subCategory }) }
}
