import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"

/** A child process of the benchmark that communicates in lines. */
export interface Child {
  ask(line: string): Promise<string>
  /** The next line, without a request. */
  next(): Promise<string>
  end(): Promise<void>
}

export function startChild(file: string, args: readonly string[] = []): Child {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: ["pipe", "pipe", "inherit"] })
  if (child.stdout === null || child.stdin === null) throw new Error(`${file} has no pipes`)
  const { stdin } = child
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const line = await lines.next()
    if (line.done === true) throw new Error(`${file} ended`)
    return line.value
  }
  return {
    next,
    ask: (line) => {
      stdin.write(`${line}\n`)
      return next()
    },
    end: async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("close", resolve))
    },
  }
}
