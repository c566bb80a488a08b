import type { Column } from "../../core/values.ts"

type Typed = Pick<Column, "type" | "nativeType">

/** Families of types, in which each type holds every value of the types before it. */
const FAMILIES: readonly (readonly string[])[] = [
  ["tinyint", "smallint", "mediumint", "int", "integer", "bigint"],
  ["int2", "int4", "int8"],
  ["real", "double precision"],
  ["float4", "float8"],
  ["float", "double"],
  ["tinytext", "text", "mediumtext", "longtext"],
  ["tinyblob", "blob", "mediumblob", "longblob"],
]

const BOUNDED_TEXT = /^(?:character varying|varchar2?|nvarchar|string|character|char|nchar|bpchar)\((\d+)\)$/
const FREE_TEXT: ReadonlySet<string> = new Set(["text", "character varying", "varchar", "longtext", "string"])
const DECIMAL = /^(?:numeric|decimal|number)\((\d+)(?:, ?(\d+))?\)$/
const FREE_DECIMAL: ReadonlySet<string> = new Set(["numeric", "decimal"])

/** Whether every value of the old type is a value of the new one, in the same form in our answers. False also when the hub cannot tell. */
export function widens(before: Typed, after: Typed): boolean {
  if (before.type !== after.type) return false
  const [old, now] = [plain(before.nativeType), plain(after.nativeType)]
  if (old === now) return true
  return widerText(old, now) || widerDecimal(old, now) || FAMILIES.some((family) => family.includes(old) && family.indexOf(now) > family.indexOf(old))
}

const plain = (native: string): string => native.trim().toLowerCase().replace(/\s+/g, " ")

function widerText(old: string, now: string): boolean {
  const [before, after] = [BOUNDED_TEXT.exec(old)?.[1], BOUNDED_TEXT.exec(now)?.[1]]
  if (before === undefined) return false
  return after === undefined ? FREE_TEXT.has(now) : Number(after) >= Number(before) && /var|string/.test(now) === /var|string/.test(old)
}

function widerDecimal(old: string, now: string): boolean {
  const [before, after] = [DECIMAL.exec(old), DECIMAL.exec(now)]
  if (before === null) return false
  if (after === null) return FREE_DECIMAL.has(now)
  const [digits, scale] = [Number(before[1]), Number(before[2] ?? 0)]
  const [digitsNow, scaleNow] = [Number(after[1]), Number(after[2] ?? 0)]
  return scaleNow >= scale && digitsNow - scaleNow >= digits - scale
}
