import { setTimeout as pause } from "node:timers/promises"
import { registry } from "../src/connectors/index.ts"
import type { Address } from "../src/core/lease.ts"
import { withSession } from "../test/conformance/context.ts"
import { standIn } from "../test/support/stand-ins.ts"
import { forgetPeak, peakMb } from "./measure.ts"

/** What is read: a type's query, and where its vendor's hosts are here. */
interface Reading {
  readonly type: string
  readonly config: Readonly<Record<string, unknown>>
  readonly hosts: readonly string[]
  readonly at: Address
  readonly ca: string
}

// Reads a million rows slowly by a connector of its own process, and prints how many there were, and the resident memory at most: of the
// first half of them, and of the second.

const { type, config, hosts, at, ca } = JSON.parse(process.argv[2] ?? "") as Reading
standIn(hosts, at.port, ca)
const connector = registry.find(type)
if (connector === undefined) throw new Error(`There is no type ${type}.`)
const WARM = 500_000
const [begun, pid] = [performance.now(), process.pid]
let [rows, before] = [0, 0]
await withSession(
  { connector },
  config,
  async (session) => {
    for await (const batch of session.query("SELECT * FROM big")) {
      rows += batch.rows.length
      // By then all code is loaded and the heap has its size.
      if (before === 0 && rows >= WARM) {
        before = peakMb(pid)
        forgetPeak(pid)
      }
      if (rows % 10_000 === 0) await pause(20)
    }
  },
  { deadlineMs: 600_000, batchRows: 1_000 },
)
console.log(JSON.stringify({ rows, before, peak: peakMb(pid), ms: performance.now() - begun }))
process.exit(0)
