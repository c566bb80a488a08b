import type { Column } from "../../../core/values.ts"
import { columnOf, joinedKinds, KINDS, type Kind } from "./kinds.ts"

/** The columns of several files, matched by name: each is wide enough for all of its values, and nullable if a file lacks it. */
export function joinedColumns(some: readonly Column[], more: readonly Column[]): Column[] {
  const others = new Map(more.map((column) => [column.name, column]))
  const both = some.map((column) => {
    const other = others.get(column.name)
    others.delete(column.name)
    return other === undefined ? { ...column, nullable: true } : joinedColumn(column, other)
  })
  return [...both, ...[...others.values()].map((column) => ({ ...column, nullable: true }))]
}

function joinedColumn(one: Column, other: Column): Column {
  const nullable = one.nullable || other.nullable
  if (one.type === "unknown" || other.type === "unknown") return { ...(one.type === "unknown" ? other : one), nullable }
  const kinds = [kindIn(one), kindIn(other)] as const
  if (one.nativeType === other.nativeType && one.type === other.type) return { ...narrowest(one, other), nullable }
  if (kinds[0] !== undefined && kinds[1] !== undefined)
    return { ...columnOf(one.name, joinedKinds(kinds[0], kinds[1], kinds.includes("json") ? "json" : "text")), nullable }
  if (one.type === other.type) return { ...narrowest(one, other), nativeType: one.type, nullable }
  return { ...columnOf(one.name, "text"), nullable }
}

const kindIn = ({ nativeType }: Column): Kind | undefined => KINDS.find((kind) => kind === nativeType)

/** Two columns of one type: as many digits as either needs, and only the facts that hold for both. */
function narrowest(one: Column, other: Column): Column {
  const { precision, scale, maxLength, zoned, ...rest } = one
  const most = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : Math.max(a, b))
  const decimals = most(scale, other.scale)
  const whole = most(
    precision === undefined ? undefined : precision - (scale ?? 0),
    other.precision === undefined ? undefined : other.precision - (other.scale ?? 0),
  )
  const length = most(maxLength, other.maxLength)
  return {
    ...rest,
    ...(whole === undefined ? {} : { precision: whole + (decimals ?? 0) }),
    ...(whole === undefined || decimals === undefined ? {} : { scale: decimals }),
    ...(length === undefined ? {} : { maxLength: length }),
    ...(zoned === undefined || zoned !== other.zoned ? {} : { zoned }),
  }
}
