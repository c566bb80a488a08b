import type { Column } from "../../core/values.ts"
import { type Typed, type TypeRow, typeReader } from "../shared/sql/types.ts"

const named = (type: TypeRow["type"], names: string, more: Omit<TypeRow, "name" | "type"> = {}): TypeRow[] =>
  names.split(", ").map((name) => ({ name, type, ...more }))

/** The types as information_schema and results spell them (docs, Data types; the vendor's drivers). */
const reader = typeReader([
  ...named("integer", "integer, int", { bits: 32 }),
  ...named("integer", "bigint, long", { bits: 64 }),
  ...named("decimal", "numeric, decimal", { size: "digits" }),
  ...named("float", "real, float", { bits: 32 }),
  ...named("float", "double precision, double", { bits: 64 }),
  ...named("boolean", "boolean"),
  ...named("string", "text, string, geography"),
  ...named("date", "date, pgdate"),
  ...named("timestamp", "timestamp, timestampntz", { zoned: false }),
  ...named("timestamp", "timestamptz", { zoned: true }),
  ...named("bytes", "bytea"),
  ...named("json", "json, struct", { nested: true }),
  ...named("array", "array", { nested: true }),
])

/** `numeric(38, 9) null` without what says that NULL may come. */
export const typed = (native: string): Typed => reader(native.replace(/ (not )?null$/i, ""))

export const columnOf = ({ name, type }: { readonly name: string; readonly type: string }): Column => ({ name, ...typed(type), nullable: true })
