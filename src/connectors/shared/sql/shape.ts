import type { Call } from "../../../core/call.ts"
import type { SchemaStep, Stream, WantedStream } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { targetIfAny } from "./catalog.ts"
import { createTable, type Ddl, emptyOr, spellIn } from "./ddl.ts"
import { qualified } from "./dialect.ts"
import { withGrants } from "./grants.ts"
import type { SqlType } from "./type.ts"
import { spell } from "./types.ts"
import { type SqlConnection, transacted } from "./wire.ts"

/**
 * Creates the stream, or adds and widens columns until it can hold the wanted ones. Nothing is changed if a step is refused. Without
 * `apply` nothing is changed either, and the steps are those that would be performed.
 */
export async function shape<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  ddl: Ddl<C>,
  client: C,
  wanted: WantedStream,
  apply: boolean,
  call: Call,
): Promise<readonly SchemaStep[]> {
  const { wire } = client
  // As a write sees the catalog, so that a table is found even if the login may not read it.
  const there = await transacted(wire, "read", call, () => targetIfAny(type.catalog, client, wanted.path, call))
  const steps = there === undefined ? creating(type, ddl, client, wanted) : await changingAll(type, ddl, client, there, wanted, call)
  if (!apply || steps.some(({ kind }) => kind === "refused")) return steps
  const change = async (): Promise<void> => {
    for (const step of steps) if (step.kind !== "refused" && step.statement !== undefined) await wire.run(step.statement, [], call)
  }
  try {
    await (ddl.alone === true ? change() : transacted(wire, "write", call, change))
  } catch (error) {
    // A new table has no rights of its own yet.
    const about = there === undefined ? { privileges: ["CREATE"] } : { privileges: ["ALTER"], path: there.path }
    throw await withGrants(type, client, error, about, call)
  }
  return steps
}

function creating<B, C extends SqlConnection<B>>(
  { dialect, catalog }: SqlType<B, C>,
  ddl: Ddl<C>,
  client: C,
  { path: given, columns, key }: WantedStream,
): SchemaStep[] {
  const path = catalog.whole?.(client, given) ?? given
  if (path.length !== catalog.path.length) return [{ kind: "refused", reason: `A path is [${catalog.path.join(", ")}].` }]
  if (columns.length === 0) return [{ kind: "refused", reason: "A table needs at least one column." }]
  const missing = key.filter((name) => !columns.some((column) => column.name === name))
  if (missing.length > 0) return [{ kind: "refused", reason: `The key names ${missing.join(", ")}, which the columns lack.` }]
  if (ddl.create !== undefined) return [ddl.create(client, path, columns)]
  return [{ kind: "create", statement: createTable(dialect, ddl, path, columns, key) }]
}

/** The steps of a change. The rest of a column's definition is read only if a column changes. */
async function changingAll<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  ddl: Ddl<C>,
  client: C,
  there: Stream,
  wanted: WantedStream,
  call: Call,
): Promise<SchemaStep[]> {
  const steps = changing(type, ddl, there, undefined, wanted)
  if (ddl.kept === undefined || !steps.some(({ kind }) => kind === "widen")) return steps
  const kept = await transacted(client.wire, "write", call, async () => await ddl.kept?.(client, there, call))
  return changing(type, ddl, there, kept, wanted)
}

function changing<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  ddl: Ddl<C>,
  there: Stream,
  kept: ReadonlyMap<string, string> | undefined,
  { columns, key }: WantedStream,
): SchemaStep[] {
  const { add, widen, loosen, types, names } = ddl
  const table = names?.table(there.path) ?? qualified(dialect, there.path)
  const otherKey: SchemaStep[] =
    key.length === 0 || ddl.keyless === true || key.toSorted().join("\0") === there.key.toSorted().join("\0")
      ? []
      : [{ kind: "refused", reason: `The key of ${there.path.join(".")} is ${there.key.join(", ") || "none"}, and not ${key.join(", ")}; change it by hand.` }]
  return [
    ...otherKey,
    ...columns.flatMap((wanted): SchemaStep[] => {
      const column = names?.column(wanted.name) ?? dialect.ident(wanted.name)
      const found = there.columns.find(({ name }) => name === wanted.name)
      if (found === undefined) {
        // Existing rows have no value for it.
        const more = { ...wanted, nullable: true }
        const type = `${spell(types, more)}${emptyOr(ddl, more)}`
        return [{ kind: "add", column: wanted.name, statement: add?.(table, column, type) ?? `ALTER TABLE ${table} ADD COLUMN ${column} ${type}` }]
      }
      const keyed = there.key.includes(wanted.name)
      const wider = widened(found, ddl.made?.(wanted, keyed) ?? wanted)
      if (typeof wider === "string") return [{ kind: "refused", column: wanted.name, reason: wider }]
      const steps: SchemaStep[] = []
      const rest = kept === undefined ? "" : kept.get(wanted.name)
      if (rest === undefined && (wider !== undefined || (!found.nullable && wanted.nullable)))
        return [
          {
            kind: "refused",
            column: wanted.name,
            reason: `The server does not say how ${wanted.name} is defined, so a change could drop a part of that; change it by hand.`,
          },
        ]
      if (wider !== undefined) {
        if (widen === undefined || ddl.widens?.(found, wider, keyed) === false)
          return [{ kind: "refused", column: wanted.name, reason: `${dialect.product} cannot widen this column; ${needs(found, wanted)}.` }]
        steps.push({ kind: "widen", column: wanted.name, statement: widen(table, column, spellIn(ddl, wider, keyed), rest ?? "") })
      }
      if (!found.nullable && wanted.nullable) {
        if (loosen === undefined || keyed)
          return [{ kind: "refused", column: wanted.name, reason: `${wanted.name} may be empty at the source and not in ${there.path.join(".")}.` }]
        steps.push({
          kind: "widen",
          column: wanted.name,
          statement: loosen(table, column, wider === undefined ? found.nativeType : spell(types, wider), rest ?? ""),
        })
      }
      return steps
    }),
  ]
}

const needs = (found: Column, wanted: Column): string => `${wanted.name} is ${found.nativeType} there, and ${sayType(wanted)} is needed`

const sayType = ({ type, precision, scale, maxLength }: Column): string =>
  `${type}${precision !== undefined ? ` of ${precision}${scale !== undefined ? ` digits, ${scale} of them decimals` : ""}` : maxLength !== undefined ? ` of ${maxLength}` : ""}`

/** A column that can hold the values of both: undefined if the existing one can, a reason if there is none. */
export function widened(there: Column, wanted: Column): Column | undefined | string {
  if (there.type === wanted.type) return wider(there, wanted)
  if (holdsAnything(there)) return undefined
  if (there.type === "integer" && wanted.type === "decimal") {
    const { precision: bits } = there
    // Every number of so many digits fits into so many bits, one of them the sign's.
    if (wanted.scale === 0 && (wanted.precision ?? Number.POSITIVE_INFINITY) <= Math.floor(((bits ?? 0) - 1) * Math.log10(2))) return undefined
    const digits = digitsOf(there)
    const decimal = { ...there, type: "decimal" as const, ...(digits === undefined ? {} : { precision: digits, scale: 0 }) }
    return wider(decimal, wanted) ?? decimal
  }
  if (there.type === "decimal" && wanted.type === "integer") {
    const digits = digitsOf(wanted)
    return wider(there, { ...wanted, type: "decimal", ...(digits === undefined ? {} : { precision: digits, scale: 0 }) })
  }
  if (there.type === "timestamp" && wanted.type === "date") return undefined
  return `${needs(there, wanted)}, which no wider type holds; change the column by hand, or write elsewhere.`
}

/** A text without a limit takes every value as text, and JSON takes every value. */
const holdsAnything = ({ type, maxLength }: Column): boolean => type === "json" || (type === "string" && maxLength === undefined)

/** Decimal digits of an integer of so many bits. */
const digitsOf = ({ precision }: Column): number | undefined => (precision === undefined ? undefined : Math.ceil(precision * Math.log10(2)))

function wider(there: Column, wanted: Column): Column | undefined | string {
  switch (wanted.type) {
    case "string":
    case "bytes":
      return larger(there.maxLength, wanted.maxLength) ? withLength(there, wanted.maxLength) : undefined
    case "integer":
    case "float": {
      // A number of unknown width is made with 64 bits.
      const { precision = 64 } = wanted
      return larger(there.precision, precision) ? { ...there, precision } : undefined
    }
    case "decimal":
      return widerDecimal(there, wanted)
    case "time":
    case "timestamp":
      if (there.zoned !== undefined && wanted.zoned !== undefined && there.zoned !== wanted.zoned)
        return `${wanted.name} is ${there.zoned ? "an instant" : "a clock without a zone"} there, and ${wanted.zoned ? "an instant" : "a clock without a zone"} is needed; change the column by hand.`
      return wanted.precision !== undefined && there.precision !== undefined && wanted.precision > there.precision
        ? { ...there, precision: wanted.precision }
        : undefined
    default:
      return undefined
  }
}

/** Undefined means no limit. */
const larger = (there: number | undefined, wanted: number | undefined): boolean => there !== undefined && (wanted === undefined || wanted > there)

function withLength({ maxLength: _, ...column }: Column, maxLength: number | undefined): Column {
  return maxLength === undefined ? column : { ...column, maxLength }
}

function widerDecimal(there: Column, wanted: Column): Column | undefined {
  if (there.precision === undefined) return undefined
  if (wanted.precision === undefined) {
    const { precision: _, scale: __, ...rest } = there
    return rest
  }
  const scale = Math.max(there.scale ?? 0, wanted.scale ?? 0)
  const whole = Math.max(there.precision - (there.scale ?? 0), wanted.precision - (wanted.scale ?? 0))
  return scale === (there.scale ?? 0) && whole === there.precision - (there.scale ?? 0) ? undefined : { ...there, precision: whole + scale, scale }
}
