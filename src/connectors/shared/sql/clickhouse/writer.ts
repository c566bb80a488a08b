import { PlatformError } from "../../../../core/errors.ts"
import type { Line } from "../../put.ts"
import { withDeletes } from "../deletes.ts"
import type { SqlConnection } from "../wire.ts"
import { columnList, inPieces, type Piecewise, type Target, type Writer } from "../writer.ts"
import { splitArguments } from "./native.ts"
import type { ClickhouseWire } from "./wire.ts"

export interface ClickhouseClient extends SqlConnection<string> {
  readonly wire: ClickhouseWire
}

/** The rows and bytes of one INSERT, which makes one part of each partition, all of it or none. */
const LIMITS = { rows: 100_000, bytes: 8 * 1_048_576 }

const inserting: Piecewise<string, ClickhouseClient> = {
  limits: () => LIMITS,
  sizeOf: ({ values }: Line<string>) => values.reduce((sum, value) => sum + value.length + 1, 0),
  async put(target, lines) {
    const rows = lines.map(({ values }) => `${values.join("\t")}\n`).join("")
    await target.client.wire.insert(`INSERT INTO ${target.table} (${columnList(target)}) FORMAT TabSeparated`, rows, target.call)
    return lines.length
  },
}

/** Appends by INSERT; upserts into a ReplacingMergeTree, which keeps the last row of each key, and deletes there by lightweight DELETE. */
export const clickhouseWriter: Writer<string, ClickhouseClient> = {
  append: inPieces(inserting),
  upsert: async (target, lines) => {
    await assertReplaces(target)
    return await replacing(target, lines)
  },
  deletes: true,
  keys: async (_client, { key, keyHolds = true }) => (keyHolds && key.length > 0 ? [key] : []),
}

const replacing = withDeletes(inPieces({ ...inserting, lastOfEachKey: true }))

/** Throws `query_invalid` unless the last row that is written of a key is the one that stays. */
async function assertReplaces({ client, call, stream: { path, key, keyHolds = true }, name }: Target<string, ClickhouseClient>): Promise<void> {
  const sql = "SELECT engine, engine_full FROM system.tables WHERE database = {p1:String} AND name = {p2:String}"
  const { rows } = await client.wire.run(sql, [...path], call)
  const [engine, whole] = (rows[0] ?? []).map(String)
  if (keyHolds && key.length > 0 && engine !== undefined && !isVersioned(engine, whole ?? "")) return
  const why = keyHolds && key.length > 0 ? "keeps the row of the highest version, and not the last one" : "is no ReplacingMergeTree ordered by columns"
  throw new PlatformError("query_invalid", `${name} ${why}, so rows cannot be upserted; append them, or write to a ReplacingMergeTree without a version.`)
}

/** `ReplicatedReplacingMergeTree('/path', '{replica}', version) ORDER BY id`: replicated engines have two arguments of their own. */
function isVersioned(engine: string, whole: string): boolean {
  const [, list = ""] = /^\w+\(((?:[^()']|'(?:[^'\\]|\\.)*')*)\)/.exec(whole) ?? []
  const own = /^(Replicated|Shared)/.test(engine) ? splitArguments(list).filter((each) => !each.startsWith("'")) : splitArguments(list)
  return own.length > 0
}
