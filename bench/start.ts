import { setTimeout as pause } from "node:timers/promises"
import { makeDataFolder } from "../test/support/data-folder.ts"
import { startHubProcess } from "../test/support/hub-process.ts"
import { type Line, mb, median, residentMb, seconds } from "./measure.ts"

const STARTS = 7
/** The time after which the operating system has the freed pages back. */
const IDLE_MS = 10_000

/**
 * The time from `node src/main.ts` to the first 200 of /readyz, on a hub with an embedded database that was stopped
 * cleanly; then its memory when idle.
 */
export async function start(): Promise<Line[]> {
  const data = makeDataFolder()
  const first = startHubProcess(data.dir)
  await first.ready
  await first.end()
  const times: number[] = []
  let idle = 0
  for (let n = 0; n < STARTS; n++) {
    const begun = performance.now()
    const hub = startHubProcess(data.dir)
    const { status } = await fetch(`${await hub.ready}/readyz`)
    if (status !== 200) throw new Error(`/readyz answered ${status}`)
    times.push(performance.now() - begun)
    if (n === STARTS - 1) {
      await pause(IDLE_MS)
      idle = residentMb(hub.child.pid ?? 0)
    }
    await hub.end()
  }
  await data.remove()
  const took = median(times)
  return [
    { what: "start of an initialised hub to ready", ours: seconds(took), against: "", ratio: "", target: "≤ 2 s", met: took <= 2_000 },
    { what: "idle memory of the Node process", ours: mb(idle), against: "", ratio: "", target: "≤ 150 MB", met: idle <= 150 },
  ]
}
