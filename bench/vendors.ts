import { createServer } from "node:https"
import { certificate } from "../test/support/certificates.ts"
import { listen } from "../test/support/loopback.ts"
import { startChild } from "./child.ts"
import { type Line, mb, seconds } from "./measure.ts"
import { FLAT_MB } from "./streaming.ts"
import { FAR_SIDES, ROWS } from "./vendors/far-sides.ts"

/** The memory of a process whose connector reads a million rows slowly from a stand-in for its vendor, which makes them as fast as they are taken. */
export async function vendors(): Promise<Line[]> {
  const lines: Line[] = []
  for (const { what, type, config, hosts, answer } of FAR_SIDES) {
    const ca = certificate({ name: "Jackfield bench CA", ca: true })
    const own = certificate({ name: hosts[0] ?? "", names: hosts, issuer: ca })
    const server = createServer({ cert: own.cert, key: own.key }, (request, response) => {
      answer(request, response).catch((error: Error) => response.destroy(error))
    })
    const { port, close } = await listen(server)
    const child = startChild("vendors-reader.ts", [JSON.stringify({ type, config, hosts, at: { host: "127.0.0.1", port }, ca: ca.cert })])
    const { rows, before, peak, ms } = JSON.parse(await child.next()) as Readonly<Record<"rows" | "before" | "peak" | "ms", number>>
    await child.end()
    await close()
    lines.push({
      what: `${rows} rows of a stand-in for ${what} to a slow consumer, resident memory at most for the second half`,
      ours: mb(peak),
      against: `${mb(before)} at most for the first half; ${seconds(ms)}`,
      ratio: "",
      target: `flat: + ${FLAT_MB} MB`,
      met: rows === ROWS && peak - before <= FLAT_MB,
    })
  }
  return lines
}
