import type { Client } from "pg"
import type { Value } from "../../../../core/values.ts"
import { told } from "./names.ts"
import { arrayOf, type OwnType, type OwnTypes, type PgTypes } from "./values.ts"

/** The OID of the type under a chain of domains; of any other type its own. */
const baseOf = (oid: string): string => `(WITH RECURSIVE d(oid) AS (SELECT ${oid}
    UNION ALL SELECT p.typbasetype FROM d JOIN pg_catalog.pg_type p ON p.oid = d.oid WHERE p.typtype = 'd')
  SELECT d.oid FROM d JOIN pg_catalog.pg_type p ON p.oid = d.oid WHERE p.typtype <> 'd')`

/** The OID of the elements' type, of a domain over an array too; of a type `t` in pg_type. */
const elementOf = (t: string): string =>
  `CASE WHEN ${t}.typcategory = 'A' THEN (SELECT p.typelem FROM pg_catalog.pg_type p WHERE p.oid = ${baseOf(`${t}.oid`)}) END`

/** Column types by pg_type's categories, for types that are not built in. */
export const guessed = (category: Value): OwnType["type"] => (category === "E" || category === "S" ? "string" : "unknown")

const LOOK_UP = `
  SELECT t.oid::int8::text, ${told("format_type(t.oid, NULL)")}, t.typcategory, ${baseOf("t.oid")}::int8::text, ${baseOf("e.oid")}::int8::text,
    format_type(${baseOf("t.oid")}, NULL), format_type(${baseOf("e.oid")}, NULL), e.typcategory, e.typdelim
  FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = ${elementOf("t")}
  WHERE t.oid = ANY ($1::oid[])`

/** Looks up the types of a database's own, each once in a connection's life. */
export class OwnTypeBook {
  readonly #pg: Client
  readonly #types: PgTypes
  readonly #known = new Map<number, OwnType>()

  constructor(pg: Client, types: PgTypes) {
    this.#pg = pg
    this.#types = types
  }

  /** All that are known once those OIDs are. Needs a transaction that works, or none. */
  async with(oids: readonly number[]): Promise<OwnTypes> {
    const missing = [...new Set(oids)].filter((oid) => oid > 0 && !this.#types.knows(oid) && !this.#known.has(oid))
    if (missing.length === 0) return this.#known
    const { rows } = await this.#pg.query<string[]>({ text: LOOK_UP, values: [`{${missing.join(",")}}`], rowMode: "array" })
    for (const row of rows) this.#known.set(Number(row[0]), this.#typeOf(row))
    return this.#known
  }

  #typeOf([, native = "", category = null, base, element, baseNative = "", elementNative = "", elementCategory = null, delimiter]: readonly (
    | string
    | null
  )[]): OwnType {
    const typed = (spelled: string | null, kind: Value): OwnType["type"] => {
      const { type } = this.#types.read(spelled ?? "")
      return type === "unknown" ? guessed(kind) : type
    }
    const nativeType = native ?? ""
    // Arrays of boxes alone have another delimiter.
    if (element != null && delimiter === ",") return { ...arrayOf(typed(elementNative, elementCategory)), nativeType, base: Number(element) }
    return { type: typed(baseNative, category), nativeType, base: Number(base) }
  }
}
