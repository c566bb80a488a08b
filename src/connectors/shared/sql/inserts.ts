import type { Column } from "../../../core/values.ts"
import { type Line, type PieceLimits, pieces } from "../put.ts"
import { listed } from "./dialect.ts"
import type { Stage } from "./staged.ts"
import type { SqlConnection } from "./wire.ts"
import { changed, columnList, inPieces, type Puts, type Target, valueRows } from "./writer.ts"

/** The limits of one INSERT: its bytes, parameters included, and the number of parameters. */
export interface InsertLimits {
  readonly bytes: number
  readonly params: number
  /** The clause between the columns and the rows: `OVERRIDING SYSTEM VALUE`. */
  readonly clause?: string
}

/** Bound as text. */
type Text = string | null

const limitsOf = ({ bytes, params }: InsertLimits, columns: number): PieceLimits => ({ rows: Math.max(1, Math.floor(params / columns)), bytes })
/** The size of a line: its values, plus their placeholders and headers. */
const sizeOf = ({ values }: Line<Text>): number => values.reduce((sum, value) => sum + Buffer.byteLength(value ?? "") + 16, 0)

/** The INSERT without its rows. */
const into = <B, C>(target: Target<B, C>, { clause = "" }: InsertLimits): string => `INSERT INTO ${target.table} (${columnList(target)}) ${clause}`

async function insert<B extends Text, C extends SqlConnection<B>>(target: Target<B, C>, limits: InsertLimits, lines: readonly Line<B>[]): Promise<number> {
  const { rows, params } = valueRows(target, lines)
  return (await target.client.wire.run(`${into(target, limits)} VALUES ${rows}`, params, target.call)).touched
}

/** Appends by multi-row INSERT, for systems without a faster way to load rows. */
export const appendByInsert = <B extends Text, C extends SqlConnection<B>>(limits: InsertLimits): Puts<B, C> =>
  inPieces({
    put: (target, lines) => insert(target, limits, lines),
    empty: (target) => target.client.wire.run(`${into(target, limits)} SELECT ${target.columns.map(() => "NULL").join(", ")} WHERE 1 = 0`, [], target.call),
    limits: ({ columns }) => limitsOf(limits, columns.length),
    sizeOf,
    tooLarge: (bytes, most) => `The row takes ${bytes} bytes, and one statement ${most} at most.`,
  })

const mark = (name: string): Column => ({ name, type: "integer", nativeType: "", nullable: false })

/** A stage that is filled by multi-row INSERT and merged by UPDATE and INSERT, for systems without ON CONFLICT. */
export function insertedStage<B extends Text, C extends SqlConnection<B>>(table: string, limits: InsertLimits): Pick<Stage<B, C>, "table" | "load" | "take"> {
  return {
    table,
    load: async (target, ordinal, gone, lines) => {
      const marked = lines.map((line) => ({ ...line, values: [String(line.index) as B, (line.remove ? "1" : "0") as B, ...line.values] }))
      // Their names are quoted already.
      const names = [ordinal, gone, columnList(target)].join(", ")
      const wide = { ...target, columns: [mark("ordinal"), mark("gone"), ...target.columns] }
      let loaded = 0
      for (const piece of pieces(marked, limitsOf(limits, wide.columns.length), sizeOf)) {
        const { rows, params } = valueRows(wide, piece)
        loaded += (await target.client.wire.run(`INSERT INTO ${table} (${names}) VALUES ${rows}`, params, target.call)).touched
      }
      return loaded
    },
    take: (target, _, condition) => {
      const { dialect, key, columns } = target
      const [into, names] = [target.table, changed(target).map(({ name }) => dialect.ident(name))]
      const same = key.map((name) => `${into}.${dialect.ident(name)} = s.${dialect.ident(name)}`).join(" AND ")
      const absent = `NOT EXISTS (SELECT 1 FROM ${into} WHERE ${same})`
      const insertion = `INSERT INTO ${into} (${columnList(target)}) SELECT ${listed(dialect, columns)} FROM ${table} s WHERE ${absent} AND ${condition}`
      const sets = names.map((name) => `${name} = s.${name}`).join(", ")
      return names.length === 0 ? insertion : [`UPDATE ${into} SET ${sets} FROM ${table} s WHERE ${same} AND ${condition}`, insertion]
    },
  }
}
