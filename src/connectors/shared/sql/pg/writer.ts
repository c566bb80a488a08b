import { staged } from "../staged.ts"
import { changed, columnList, inPieces, type Writer } from "../writer.ts"
import type { PgClient } from "./client.ts"
import { copyIn, copyLine } from "./copy.ts"
import { pgDialect } from "./dialect.ts"
import type { PgBound } from "./encode.ts"

const STAGE = `pg_temp.${pgDialect.ident("jackfield stage")}`

/** Appends by COPY; upserts by COPY into a temporary table and INSERT … ON CONFLICT. */
export const pgWriter: Writer<PgBound, PgClient> = {
  append: inPieces({
    put: (target, lines) =>
      copyIn(target.client.pg, `COPY ${target.table} (${columnList(target)}) FROM STDIN`, lines.map(({ values }) => copyLine(values)).join("")),
  }),
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
}
