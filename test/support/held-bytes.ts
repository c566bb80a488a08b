import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** Bytes of buffers that are in use. */
export function heldBytes(): number {
  setFlagsFromString("--expose-gc")
  ;(runInNewContext("gc") as () => void)()
  return process.memoryUsage().arrayBuffers
}
