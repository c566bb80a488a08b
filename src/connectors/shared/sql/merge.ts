import { changed, columnList, type Target } from "./writer.ts"

/** `INSERT INTO t (a, b) SELECT …`; `source` has the batch's columns in the batch's order. */
export const insertFrom = <B, C>(target: Target<B, C>, source: string): string => `INSERT INTO ${target.table} (${columnList(target)}) ${source}`

/** The MERGE of the standard. `source` names its columns like the batch, and no two of its rows may share a key. */
export function mergeFrom<B, C>(target: Target<B, C>, source: string): string {
  const { columns, dialect, key, table } = target
  const names = columns.map(({ name }) => dialect.ident(name))
  const same = key.map((part) => `T.${dialect.ident(part)} = S.${dialect.ident(part)}`).join(" AND ")
  const others = changed(target).map(({ name }) => dialect.ident(name))
  const update = others.length === 0 ? "" : ` WHEN MATCHED THEN UPDATE SET ${others.map((name) => `${name} = S.${name}`).join(", ")}`
  const values = names.map((name) => `S.${name}`).join(", ")
  return `MERGE INTO ${table} T USING (${source}) S ON ${same}${update} WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${values})`
}
