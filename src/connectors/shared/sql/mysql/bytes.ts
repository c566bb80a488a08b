import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { ByteOffer } from "../../../../core/streams.ts"
import type { Column } from "../../../../core/values.ts"
import { CSV_READ, CSV_WRITTEN, type CsvShape, csvOffers } from "../../csv-shape.ts"
import type { ByteFlow, Bytes } from "../bytes.ts"
import { brief } from "../errors.ts"
import type { MysqlClient } from "./client.ts"
import { csvLine, isRead, isWritten, loadStatement } from "./csv.ts"
import { withNulls } from "./csv-nulls.ts"
import { comparedAs } from "./dialect.ts"
import type { MysqlBound } from "./encode.ts"
import { isServerError } from "./errors.ts"
import { load } from "./load.ts"
import { lines, type MysqlLine } from "./pages.ts"
import { isTransactional } from "./writer.ts"

const namesOf = (columns: readonly Column[]): readonly string[] => columns.map(({ name }) => name)

/** Rows as CSV: the server builds each line by an expression, and reads lines with LOAD DATA LOCAL. */
export const mysqlBytes: Bytes<MysqlBound, MysqlClient> = {
  offers: (columns) => (columns.every(isWritten) ? csvOffers(namesOf(columns), CSV_WRITTEN) : []),
  takes: async (client, stream, columns, call) => {
    const may =
      stream.kind === "table" &&
      columns.every((column) => isRead(column) && column.generated === undefined) &&
      (await takesFiles(client, call)) &&
      (await isTransactional(client, stream, call))
    return may ? csvOffers(namesOf(columns), CSV_READ) : []
  },
  loader: (client) => client.loader(),
  list: csvLine,
  literal,
  out: ({ line }, select) => flowOf(line, select),
  in: write,
}

const UNKNOWN_VARIABLE = 1193

/** Whether the server accepts data from clients. By default, MySQL 8 does not. */
async function takesFiles({ wire }: MysqlClient, call: Call): Promise<boolean> {
  try {
    const { rows } = await wire.run("SELECT @@GLOBAL.local_infile", [], call)
    return Number(rows[0]?.[0]) === 1
  } catch (error) {
    if (isServerError(error) && error.errno === UNKNOWN_VARIABLE) return false
    throw error
  }
}

/** A constant whose spelling does not depend on the server's sql_mode. */
function literal(value: MysqlBound, column?: Column): string {
  const place =
    typeof value === "string" ? `_utf8mb4 x'${Buffer.from(value).toString("hex")}'` : Buffer.isBuffer(value) ? `x'${value.toString("hex")}'` : String(value)
  return column === undefined ? place : comparedAs(column, place)
}

/** Memory holds one page of lines at a time. */
const PAGE = { batchRows: 10_000 }

function flowOf(line: MysqlLine, select: string): ByteFlow {
  let state: "waits" | "runs" | "ends" = "waits"
  let [rows, whole] = [0, false]
  const bytes = async function* (): AsyncGenerator<Buffer> {
    state = "runs"
    try {
      for await (const some of lines(line, select, PAGE)) {
        if (!some.every((each) => each !== null))
          throw new PlatformError(
            "response_too_large",
            "As CSV, a row is longer than the server's max_allowed_packet; read rows instead, or raise max_allowed_packet.",
          )
        rows += some.length
        if (some.length > 0) yield Buffer.concat(some)
      }
      whole = true
    } finally {
      state = "ends"
    }
  }
  return {
    bytes: bytes(),
    rows: () => (whole ? rows : undefined),
    stop: () => {
      if (state === "runs") line.connection.destroy()
    },
  }
}

const SHOWN_WARNINGS = 3

/** LOAD DATA LOCAL only warns about invalid values, which it cuts, and about rows that it skips. A single warning is therefore an error, and nothing is written. */
async function write(
  client: MysqlClient,
  table: string,
  columns: readonly Column[],
  offer: ByteOffer,
  bytes: AsyncIterable<Buffer>,
  call: Call,
): Promise<number> {
  const shape = JSON.parse(offer.shape) as CsvShape
  // A cut value may only cause a note. The server waits for a slow source; the call's deadline ends the wait.
  await client.wire.run("SET SESSION sql_notes = 1, max_error_count = 64, net_read_timeout = 600", [], call)
  const { rows, warnings } = await load(client.line, loadStatement(table, columns, shape), withNulls(bytes, shape))
  if (warnings === 0) return rows
  const { rows: shown } = await client.wire.run(`SHOW WARNINGS LIMIT ${SHOWN_WARNINGS}`, [], call)
  const said = shown.map(([, , message]) => brief(String(message))).join("; ")
  const more = warnings > shown.length ? `, and ${warnings - shown.length} more` : ""
  throw new PlatformError("query_invalid", `The table cannot store this piece unchanged, so nothing was written (${said}${more}); pass rows instead.`)
}
