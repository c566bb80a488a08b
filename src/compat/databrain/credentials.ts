import { type Fault, PlatformError } from "../../core/errors.ts"

export type Plain = Readonly<Record<string, unknown>>

/** One field of `credentials` (docs: Create Datasource, Datasource-Specific Credentials). */
export interface Field {
  readonly name: string
  readonly kind: "text" | "port" | "flag" | readonly string[]
  /** Always, or when the other fields say so. */
  readonly required?: true | ((credentials: Plain) => boolean)
  /** Goes to the vault and into no document. */
  readonly secret?: true
}

/** Reads the fields of a type out of `credentials`; every fault goes to `faults`, fields that the type does not have are left out. */
export function readFields(fields: readonly Field[], credentials: Plain, faults: Fault[]): Plain {
  const out: Record<string, unknown> = {}
  for (const { name, kind, required } of fields) {
    const value = credentials[name]
    const pointer = `/credentials/${name}`
    const needed = required === true || (typeof required === "function" && required(credentials))
    if (value === undefined || value === null || (value === "" && kind !== "text") || (value === "" && needed)) {
      if (needed) faults.push({ pointer, message: `credentials.${name} is required.` })
      continue
    }
    const wrong = faultOf(kind, value)
    if (wrong === undefined) out[name] = value
    else faults.push({ pointer, message: `credentials.${name} ${wrong}` })
  }
  return out
}

function faultOf(kind: Field["kind"], value: unknown): string | undefined {
  if (kind === "text") return typeof value === "string" ? undefined : "must be text."
  if (kind === "flag") return typeof value === "boolean" ? undefined : "must be true or false."
  if (kind === "port")
    return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535 ? undefined : "must be a whole number from 1 to 65535."
  return typeof value === "string" && kind.includes(value) ? undefined : `must be ${kind.map((each) => JSON.stringify(each)).join(" or ")}.`
}

/** One error for all faults of a body. */
export const refuse = (faults: readonly Fault[]): PlatformError =>
  new PlatformError("request_invalid", faults.map(({ message }) => message).join(" "), { faults })

export const isPlain = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
