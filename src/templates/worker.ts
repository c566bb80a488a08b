import { Script } from "node:vm"
import { FillFault, fill } from "./fill.ts"
import { type Compiled, compile, run } from "./interpreter.ts"
import { type Done, RENDER_MS, type Work } from "./messages.ts"

const KEPT = 50
const ATTEMPTS = 4
const compiled = new Map<string, Compiled>()

function ready(template: string): Compiled {
  const found = compiled.get(template)
  if (found !== undefined) return found
  const made = compile(template)
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value ?? "")
  compiled.set(template, made)
  return made
}

// A vm script can be stopped by a timer whatever it runs, so this process ends a runaway template even if the hub is
// gone.
const TURN = new Script("jackfieldTurn()")

function filled({ template, values, most, place }: Work): string {
  let text = ""
  Object.assign(globalThis, {
    jackfieldTurn: () => {
      text = fill(run(ready(template), values), most, place)
    },
  })
  for (let attempt = 1; ; attempt++) {
    const begun = process.cpuUsage()
    try {
      TURN.runInThisContext({ timeout: RENDER_MS })
      return text
    } catch (error) {
      // On a busy machine the time may have passed without any processor time for this process; then it does not
      // count.
      const { user, system } = process.cpuUsage(begun)
      if (!isTimeout(error) || attempt === ATTEMPTS || user + system > 750 * RENDER_MS) throw error
    }
  }
}

const isTimeout = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"

function work(message: Work): Done {
  try {
    return { text: filled(message) }
  } catch (error) {
    if (error instanceof FillFault) return { fault: error.message }
    if (error instanceof RangeError) return { fault: "is nested too deeply, or makes a text that is too long" }
    if (isTimeout(error)) return { fault: `takes longer than ${RENDER_MS} ms` }
    return { fault: `fails: ${error instanceof Error ? error.message : "for an unknown reason"}` }
  }
}

// Only the hub ends this process: a signal to the whole process group must not interrupt work that the hub waits for.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined)
process.on("message", (message: Work) => process.send?.(work(message)))
process.on("disconnect", () => process.removeAllListeners())
process.send?.("ready" satisfies Done)
