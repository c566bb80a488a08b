import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
/** The pause without work after which memory is given back. */
const QUIET_MS = 1_000

let waiting: NodeJS.Timeout | undefined

/** Gives the memory of large work back to the machine once there is nothing else to do: an idle process collects nothing. */
export function collectGarbage(): void {
  clearTimeout(waiting)
  waiting = setTimeout(collect, QUIET_MS).unref()
}
