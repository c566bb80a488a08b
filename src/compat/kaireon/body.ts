import { type Fault, PlatformError } from "../../core/errors.ts"
import { isSettings, type Settings } from "../mapping.ts"

/** The maximum length of a name, as in the native API. */
const LONGEST_NAME = 256
const LONGEST_DESCRIPTION = 4_096

/** The fields of a create or an update; `undefined` means absent. Null also means absent, except that it clears the description. */
export interface Body {
  readonly id?: string
  readonly name?: string
  readonly type?: string
  readonly description?: string
  readonly config?: Settings
  readonly authMethod?: string
  readonly authConfig?: Settings
  readonly status?: "active" | "inactive"
}

/** Reads a body; throws one `request_invalid` with all of its faults. Ignores fields that are not on the page. */
export function readBody(body: unknown, required: readonly string[]): Body {
  if (!isSettings(body)) throw refuse([{ pointer: "", message: "The body must be a JSON object." }])
  const faults: Fault[] = []
  const fault = (name: string, message: string): undefined => void faults.push({ pointer: `/${name}`, message: `${name} ${message}` })
  const text = (name: string, most: number): string | undefined => {
    const value = body[name]
    if (value === undefined || value === null) return required.includes(name) ? fault(name, "is required.") : undefined
    if (value === "") return fault(name, "must not be empty.")
    if (typeof value !== "string") return fault(name, "must be text.")
    if (!value.isWellFormed() || value.includes("\u0000")) return fault(name, "must be valid Unicode text without null characters.")
    return value.length <= most ? value : fault(name, `must have at most ${most} characters.`)
  }
  const settings = (name: string): Settings | undefined => {
    const value = body[name]
    if (value === undefined || value === null) return undefined
    return isSettings(value) ? value : fault(name, "must be an object.")
  }
  const description = body["description"] === null || body["description"] === "" ? "" : text("description", LONGEST_DESCRIPTION)
  const [config, alias] = [settings("config"), settings("connectionConfig")]
  const status = text("status", 20)
  if (status !== undefined && status !== "active" && status !== "inactive") fault("status", "must be active or inactive.")
  const read: { [K in keyof Body]: Body[K] | undefined } = {
    id: text("id", 128),
    name: text("name", LONGEST_NAME),
    type: text("type", 64),
    description,
    config: config === undefined && alias === undefined ? undefined : { ...alias, ...config },
    authMethod: text("authMethod", 64),
    authConfig: settings("authConfig"),
    status: status as Body["status"],
  }
  if (faults.length > 0) throw refuse(faults)
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as Body
}

export const refuse = (faults: readonly Fault[]): PlatformError =>
  new PlatformError("request_invalid", faults.map(({ message }) => message).join(" "), { faults })

/** Reads the `limit` of a list: 1 to 100, by default 20. */
export function limitOf(query: Settings): number {
  const given = query["limit"]
  if (given === undefined) return 20
  const limit = typeof given === "string" && /^\d{1,4}$/.test(given) ? Number(given) : 0
  if (limit < 1 || limit > 100) throw refuse([{ pointer: "/limit", message: "limit must be a whole number from 1 to 100." }])
  return limit
}
