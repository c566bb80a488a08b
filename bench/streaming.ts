import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { forgetPeak, interleaved, type Line, mb, peakMb, psqlToFile, residentMb, seconds, timed } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const ROWS = 1_000_000
const ROUNDS = 3
/**
 * The growth that still counts as flat. A stream that buffered its rows would grow by more than their 130 MB of text.
 */
export const FLAT_MB = 100

/** A query that streams a million rows as NDJSON to a file, against psql that writes them as JSON lines to a file. */
export async function streaming({ hub, url, target, config, call }: World, psql: boolean): Promise<Line[]> {
  if (!psql) return []
  const folder = mkdtempSync(join(tmpdir(), "jackfield-bench-"))
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")]
  await target.query(
    `create table big as select n::bigint as id, 'customer ' || n as name, (n * 1.25)::numeric(12,2) as amount, n % 3 = 0 as paid,
       timestamptz '2026-01-01' + n * interval '1 second' as at from generate_series(1, ${ROWS}) n; analyze big`,
  )
  await call("POST", "/v1/connectors", { name: "big", type: "postgres", config })
  const pid = hub.child.pid ?? 0
  const before = residentMb(pid)
  forgetPeak(pid)
  const measured = await interleaved(
    ROUNDS,
    () => timed(() => download(`${url}/v1/connectors/big/query`, { statement: "select * from big", timeoutMs: 300_000 }, ours)),
    () => timed(() => psqlToFile(target, "select row_to_json(t) from (select * from big) t", theirs)),
  )
  const peak = peakMb(pid)
  for (const file of [ours, theirs]) if ((await countLines(file)) !== ROWS) throw new Error(`${file} does not have ${ROWS} lines`)
  rmSync(folder, { recursive: true })
  const ratio = 1 / measured.ratio
  const against = `${seconds(measured.theirs)}, psql writing JSON lines`
  return [
    { what: `query of ${ROWS} rows streamed as NDJSON`, ours: seconds(measured.ours), against, ratio: ratio.toFixed(2), target: "≥ 0.5", met: ratio >= 0.5 },
    {
      what: "… resident memory of the hub at most",
      ours: mb(peak),
      against: `${mb(before)} before`,
      ratio: "",
      target: `flat: + ${FLAT_MB} MB`,
      met: peak - before <= FLAT_MB,
    },
  ]
}

async function download(url: string, body: object, file: string): Promise<void> {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json", accept: "application/x-ndjson" }
  await new Promise<void>((resolve, reject) => {
    const asked = request(url, { method: "POST", headers }, (response) => {
      if (response.statusCode === 200) pipeline(response, createWriteStream(file)).then(resolve, reject)
      else reject(new Error(`${url} answered ${response.statusCode}`))
    })
    asked.once("error", reject)
    asked.end(JSON.stringify(body))
  })
}

async function countLines(file: string): Promise<number> {
  let lines = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) for (const byte of chunk) if (byte === 10) lines++
  return lines
}
