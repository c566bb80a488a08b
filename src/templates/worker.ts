import { parentPort } from "node:worker_threads"
import { FillFault, fill } from "./fill.ts"
import { type Compiled, compile, run } from "./interpreter.ts"
import type { Done, Work } from "./messages.ts"

const KEPT = 50
const compiled = new Map<string, Compiled>()

function ready(template: string): Compiled {
  const found = compiled.get(template)
  if (found !== undefined) return found
  const made = compile(template)
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value ?? "")
  compiled.set(template, made)
  return made
}

function work({ template, values, most }: Work): Done {
  try {
    return { text: fill(run(ready(template), values), most) }
  } catch (error) {
    if (error instanceof FillFault) return { fault: error.message }
    if (error instanceof RangeError) return { fault: "is nested too deeply, or makes a text that is too long" }
    return { fault: `fails: ${error instanceof Error ? error.message : "for an unknown reason"}` }
  }
}

parentPort?.on("message", (message: Work) => parentPort?.postMessage(work(message)))
parentPort?.postMessage("ready" satisfies Done)
