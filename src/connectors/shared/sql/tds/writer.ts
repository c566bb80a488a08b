import type { Column } from "../../../../core/values.ts"
import { halve, type Line, type Rejected } from "../../put.ts"
import { mergeFrom } from "../merge.ts"
import { staged } from "../staged.ts"
import { columnList, type Puts, puttingBy, type Target, type Writer } from "../writer.ts"
import { collated } from "./catalog.ts"
import type { TdsClient } from "./client.ts"
import { fromText, isOfCodePage } from "./dialect.ts"
import type { TdsBound } from "./requests.ts"

type Into = Target<TdsBound, TdsClient>
type TdsLineOf = Line<TdsBound>

/** Lines as texts, and rows of the target's types. */
const [TEXTS, STAGE] = ["[#jackfield texts]", "[#jackfield stage]"]
const text = (at: number): string => `r.[c${at}]`
const values = ({ columns }: Pick<Into, "columns">): string => columns.map((column, at) => fromText(column, text(at), true)).join(", ")
const between = (lines: readonly TdsLineOf[]): string =>
  lines.length === 0 ? "r.ordinal < 0" : `r.ordinal BETWEEN ${lines[0]?.index} AND ${lines.at(-1)?.index}`

/** A table of texts takes the lines by a bulk load; lines with a text that is no value of its column are rejected, and the others put. */
const uploaded =
  (puts: Puts<TdsBound, TdsClient>): Puts<TdsBound, TdsClient> =>
  async (target, lines) => {
    const { client, columns, call } = target
    const of = columns.some(isOfCodePage) ? await collated(client, target.stream.path, call) : undefined
    const created = columns.map(({ name }, at) => `[c${at}] nvarchar(max)${of?.get(name)?.collate ?? ""} NULL`).join(", ")
    await client.wire.run(`CREATE TABLE ${TEXTS} (ordinal int NOT NULL PRIMARY KEY, gone int NOT NULL, ${created})`, [], call)
    await load(target, lines)
    const rejected = await unfit(target)
    const refused = new Set(rejected.map(({ index }) => index))
    const fit = lines.filter(({ index }) => !refused.has(index))
    const done = fit.length === 0 ? { written: 0, rejected: [] } : await identified(target, () => puts(target, fit))
    await client.wire.run(`DROP TABLE ${TEXTS}`, [], call)
    return { written: done.written, rejected: [...rejected, ...done.rejected] }
  }

async function load({ client, columns, call }: Into, lines: readonly TdsLineOf[]): Promise<void> {
  const { tedious, connection } = await client.line(call)
  const { TYPES } = tedious
  await new Promise<void>((resolve, reject) => {
    const bulk = connection.newBulkLoad(TEXTS, { keepNulls: true }, (error) => (error === null || error === undefined ? resolve() : reject(error)))
    bulk.addColumn("ordinal", TYPES.Int, { nullable: false })
    bulk.addColumn("gone", TYPES.Int, { nullable: false })
    for (const at of columns.keys()) bulk.addColumn(`c${at}`, TYPES.NVarChar, { nullable: true, length: Number.POSITIVE_INFINITY })
    connection.execBulkLoad(
      bulk,
      lines.map(({ index, remove, values: cells }) => [index, remove ? 1 : 0, ...cells]),
    )
  })
}

const EXACTLY = "COLLATE Latin1_General_100_BIN2"

/** Whether a text is no value of its column, or has characters that its code page lacks: the server would store question marks. */
const misfit = (column: Column, at: number): string => {
  if (isOfCodePage(column)) return `WHEN CONVERT(nvarchar(max), CONVERT(varchar(max), ${text(at)})) ${EXACTLY} <> ${text(at)} ${EXACTLY} THEN ${at}`
  const converted = fromText(column, text(at), true)
  return converted === text(at) ? "" : `WHEN ${text(at)} IS NOT NULL AND ${converted} IS NULL THEN ${at}`
}

/** Rejects and removes such lines. Of a line that deletes, only the key matters. */
async function unfit({ client, columns, key, call }: Into): Promise<Rejected[]> {
  const cases = columns.map((column, at) => {
    const found = misfit(column, at)
    return key.length === 0 || key.includes(column.name) ? found : found.replace("WHEN ", "WHEN r.gone = 0 AND ")
  })
  if (cases.every((each) => each === "")) return []
  const found = `SELECT r.ordinal, CASE ${cases.join(" ")} END AS misfit FROM ${TEXTS} r`
  const { rows } = await client.wire.run(`SELECT f.ordinal, f.misfit FROM (${found}) f WHERE f.misfit IS NOT NULL ORDER BY f.ordinal`, [], call)
  if (rows.length > 0) await client.wire.run(`DELETE FROM ${TEXTS} WHERE ordinal IN (SELECT f.ordinal FROM (${found}) f WHERE f.misfit IS NOT NULL)`, [], call)
  return rows.map(([index, at]) => {
    const column = columns[Number(at)]
    const why = column !== undefined && isOfCodePage(column) ? "it has characters that are not in the code page of" : "it is not a value of"
    return { index: Number(index), reason: `column ${column?.name}: ${why} ${column?.nativeType}.` }
  })
}

/** Lets the caller give the values of an identity column (docs, SET IDENTITY_INSERT; one table of a session at a time). */
async function identified<T>({ client, columns, table, call }: Into, work: () => Promise<T>): Promise<T> {
  if (!columns.some(({ generated }) => generated === "identity")) return await work()
  await client.wire.run(`SET IDENTITY_INSERT ${table} ON`, [], call)
  const done = await work()
  await client.wire.run(`SET IDENTITY_INSERT ${table} OFF`, [], call)
  return done
}

const append: Puts<TdsBound, TdsClient> = async (target, lines) => {
  const rejected: Rejected[] = []
  const insert = (some: readonly TdsLineOf[]): Promise<unknown> =>
    target.client.wire.run(
      `INSERT INTO ${target.table} (${columnList(target)}) SELECT ${values(target)} FROM ${TEXTS} r WHERE ${between(some)}`,
      [],
      target.call,
    )
  const putting = puttingBy(
    target,
    async (some: readonly TdsLineOf[]) => {
      await insert(some)
      return some.length
    },
    () => insert([]),
  )
  return { written: await halve(putting, lines, rejected), rejected }
}

/** The stage has the target's own types and collations, so that keys are compared as the target does. A union takes the counter of an identity column away. */
const upsert: Puts<TdsBound, TdsClient> = staged({
  table: STAGE,
  create: (target, ordinal, gone) => {
    const none = `SELECT TOP (0) 0 AS ${ordinal}, 0 AS ${gone}, ${target.columns.map(({ name }) => emptied(target.dialect.ident(name))).join(", ")} FROM ${target.table}`
    return `SELECT * INTO ${STAGE} FROM (${none} UNION ALL ${none}) e`
  },
  load: async (target, ordinal, gone, lines) => {
    const into = `INSERT INTO ${STAGE} (${ordinal}, ${gone}, ${columnList(target)})`
    await target.client.wire.run(`${into} SELECT r.ordinal, r.gone, ${values(target)} FROM ${TEXTS} r WHERE ${between(lines)}`, [], target.call)
    return lines.length
  },
  // HOLDLOCK keeps the keys until the transaction ends, so that no other session adds one meanwhile (docs, MERGE, Concurrency).
  take: (target, _, condition) =>
    `${mergeFrom({ ...target, table: `${target.table} WITH (HOLDLOCK)` }, `SELECT ${columnList(target)} FROM ${STAGE} WHERE ${condition}`)};`,
  drop: `DROP TABLE ${STAGE}`,
})

/** A column of the stage may be empty, also where the target's may not: the target decides. */
const emptied = (name: string): string => `CASE WHEN 1 = 1 THEN ${name} END AS ${name}`

/** Appends by INSERT and upserts by MERGE, from rows that a bulk load brought. */
export const tdsWriter: Writer<TdsBound, TdsClient> = {
  append: uploaded(append),
  upsert: uploaded(upsert),
  deletes: true,
  column: (own, given) => (own.type === "string" && (given.type === "json" || given.type === "array") ? { ...own, type: "json" } : own),
}
