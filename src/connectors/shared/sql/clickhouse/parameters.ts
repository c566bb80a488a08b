import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import { Unfit } from "../../unfit.ts"
import type { ParamType } from "../wire.ts"
import { encodeCell } from "./encode.ts"
import { nativeOf, within } from "./native.ts"
import { columnOf } from "./types.ts"

/** The types that a statement gives its parameters: `{p1:UInt64}`. Throws `query_invalid` for a value without a place. */
export function parameterTypes(sql: string, values: readonly Value[]): readonly ParamType[] {
  const types = new Map(Array.from(sql.matchAll(/\{\s*p(\d{1,5})\s*:\s*/g), (found) => [Number(found[1]), typeAt(sql, found.index + found[0].length)]))
  return values.map((_, index) => {
    const type = types.get(index + 1)
    if (type !== undefined) return columnOf("", type)
    const place = `{p${index + 1}:String}`
    throw new PlatformError("query_invalid", `Parameter ${index + 1} has no place in the statement; write ${place}, or another type than String.`)
  })
}

/** The text up to the brace that ends a parameter. */
function typeAt(sql: string, from: number): string {
  let at = from
  for (; at < sql.length && sql[at] !== "}"; at++) if (sql[at] === "'") for (at++; at < sql.length && sql[at] !== "'"; at++) if (sql[at] === "\\") at++
  return sql.slice(from, at).trim()
}

/** Encodes a parameter for its type. Without a type, only that the value is text is known. */
export function encodeParameter(value: Value, nativeType = "Nullable(String)"): string {
  const { native } = within(nativeOf(nativeType))
  const cell = encodeCell(value, nativeType)
  if (value === null || !/^DateTime(64)?$/.test(native.name)) return cell
  // ClickHouse reads parameters in the zone of their type, and takes no Z.
  if (native.args.at(-1) !== "'UTC'" && /(Z|[+-]\d\d:?\d\d)$/.test(String(value)))
    throw new Unfit(`an instant needs a type with its zone, such as ${native.name}(${native.name === "DateTime64" ? "3, " : ""}'UTC')`)
  return cell.replace("T", " ").replace(/Z$/, "")
}
