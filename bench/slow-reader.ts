import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { clickhouse } from "../test/servers/clickhouse.ts"
import { clickhouseDebian } from "../test/servers/clickhouse-debian.ts"
import { forgetPeak, type Line, mb, peakMb, residentMb, seconds, timed } from "./measure.ts"
import { FLAT_MB } from "./streaming.ts"
import { KEY, type World } from "./world.ts"

const ROWS = 1_000_000
/** The reader rests so long after each MiB, so that the hub and the far side wait for it. */
const REST_MS = 100
const MIB = 1_048_576

/** A server that sends a million rows faster than their reader takes them. */
interface FarSide {
  readonly what: string
  readonly type: string
  readonly statement: string
  start(): Promise<{ readonly config: object } & AsyncDisposable>
}

/** About 200 bytes of each row. */
const CLICKHOUSE_ROWS = `SELECT number AS id, concat('customer ', toString(number), ' ${"of a long name ".repeat(10)}') AS name,
  toDecimal64(number, 2) AS amount, toDateTime('2026-01-01 00:00:00', 'UTC') + number AS at FROM system.numbers LIMIT ${ROWS}`

/** Starts one of the servers for ClickHouse. */
function clickhouseSide(what: string, server: typeof clickhouse | typeof clickhouseDebian): FarSide {
  return {
    what,
    type: "clickhouse",
    statement: CLICKHOUSE_ROWS,
    async start() {
      const { port, ca, user, password, stop } = await server.start()
      const config = { host: "127.0.0.1", port, auth: { kind: "password", user, password }, tls: { kind: "verify", ca } }
      return { config, [Symbol.asyncDispose]: stop }
    },
  }
}

const FAR_SIDES: readonly FarSide[] = [clickhouseSide("ClickHouse's engine of today", clickhouse), clickhouseSide("ClickHouse 18.16", clickhouseDebian)]

/** The memory of the hub while a reader takes a million rows from each far side slowly. */
export async function slowReader({ hub, url, call }: World): Promise<Line[]> {
  const pid = hub.child.pid ?? 0
  const lines: Line[] = []
  for (const [index, { what, type, statement, start }] of FAR_SIDES.entries()) {
    await using server = await start()
    const name = `far-${index}`
    await call("POST", "/v1/connectors", { name, type, config: server.config })
    const ask = `${url}/v1/connectors/${name}/query`
    await readSlowly(ask, "SELECT 1", 1)
    const before = residentMb(pid)
    forgetPeak(pid)
    const took = await timed(() => readSlowly(ask, statement, ROWS))
    const peak = peakMb(pid)
    lines.push({
      what: `${ROWS} rows of ${what} to a slow reader, resident memory of the hub at most`,
      ours: mb(peak),
      against: `${mb(before)} before; ${seconds(took)}`,
      ratio: "",
      target: `flat: + ${FLAT_MB} MB`,
      met: peak - before <= FLAT_MB,
    })
  }
  return lines
}

/** Reads the rows of a statement as NDJSON, with a rest after each MiB; throws unless they are so many. */
async function readSlowly(url: string, statement: string, rows: number): Promise<void> {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json", accept: "application/x-ndjson" }
  let [bytes, lines] = [0, 0]
  await new Promise<void>((resolve, reject) => {
    const asked = request(url, { method: "POST", headers, agent: false }, async (response) => {
      try {
        if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
        for await (const chunk of response as AsyncIterable<Buffer>) {
          const full = Math.floor(bytes / MIB)
          bytes += chunk.length
          for (const byte of chunk) if (byte === 10) lines++
          if (Math.floor(bytes / MIB) > full) await pause(REST_MS)
        }
        resolve()
      } catch (error) {
        reject(error)
      }
    })
    asked.once("error", reject)
    asked.end(JSON.stringify({ statement, timeoutMs: 300_000 }))
  })
  if (lines !== rows) throw new Error(`${url} answered ${lines} lines instead of ${rows}`)
}
