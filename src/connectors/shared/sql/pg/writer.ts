import type { Line } from "../../put.ts"
import { appendByInsert } from "../inserts.ts"
import { staged } from "../staged.ts"
import { changed, columnList, inPieces, type Puts, type Target, type Writer } from "../writer.ts"
import type { PgClient } from "./client.ts"
import { copyIn, copyLine } from "./copy.ts"
import { pgDialect } from "./dialect.ts"
import type { PgBound } from "./encode.ts"
import { lackingPg } from "./rights.ts"

const STAGE = `pg_temp.${pgDialect.ident("jackfield stage")}`

const copy = (target: Target<PgBound, PgClient>, lines: readonly Line<PgBound>[]): Promise<number> =>
  copyIn(target.client.pg, `COPY ${target.table} (${columnList(target)}) FROM STDIN`, lines.map(({ values }) => copyLine(values)).join(""))

/** Append by COPY. It writes given values of identity columns, and so does the INSERT. */
const appendByCopy = inPieces<PgBound, PgClient>({ put: copy, empty: (target) => copy(target, []) })
const appendByRows = appendByInsert<PgBound, PgClient>({ bytes: 16 * 1_048_576, params: 65_535, clause: "OVERRIDING SYSTEM VALUE" })

/** Appends by COPY, and by INSERT where the server does not copy: to views, to partitions elsewhere, and under row-level security. */
const append: Puts<PgBound, PgClient> = async (target, lines) => {
  if (target.stream.kind === "view") return await appendByRows(target, lines)
  try {
    return await appendByCopy(target, lines)
  } catch (error) {
    if (target.errors.said(error)?.code !== FEATURE_NOT_SUPPORTED) throw error
    return await appendByRows(target, lines)
  }
}
const FEATURE_NOT_SUPPORTED = "0A000"

/** Upserts by COPY into a temporary table and INSERT … ON CONFLICT. */
export const pgWriter: Writer<PgBound, PgClient> = {
  append,
  upsert: staged({
    table: STAGE,
    create: (target, ordinal, gone) =>
      `CREATE TEMPORARY TABLE ${STAGE} ON COMMIT DROP AS SELECT 0::int8 AS ${ordinal}, 0 AS ${gone}, ${columnList(target)} FROM ${target.table} WITH NO DATA`,
    load: (target, ordinal, gone, lines) => {
      const data = lines.map(({ index, remove, values }) => copyLine([String(index), remove ? "1" : "0", ...values]))
      return copyIn(target.client.pg, `COPY ${STAGE} (${ordinal}, ${gone}, ${columnList(target)}) FROM STDIN`, data.join(""))
    },
    take: (target, ordinal, condition) => {
      const [columns, others] = [columnList(target), changed(target).map(({ name }) => pgDialect.ident(name))]
      const conflict = `ON CONFLICT (${target.key.map(pgDialect.ident).join(", ")}) DO`
      const update = others.length === 0 ? "NOTHING" : `UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(", ")}`
      return `INSERT INTO ${target.table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${STAGE} WHERE ${condition} ORDER BY ${ordinal} ${conflict} ${update}`
    },
  }),
  deletes: true,
  needs: { upsert: "TEMPORARY on the database" },
  lacking: lackingPg,
}
