import { Readable, Writable } from "node:stream"
import { runCli } from "../../src/cli/program.ts"

export interface Said {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process: the program whole, a process's streams and environment apart. */
export async function cli(argv: readonly string[], env: Readonly<Record<string, string>>, stdin = ""): Promise<Said> {
  const said = { stdout: "", stderr: "" }
  const sink = (name: keyof typeof said): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        said[name] += chunk.toString()
        done()
      },
    })
  const shell = { argv, env, stdin: Readable.from([Buffer.from(stdin)]), stdout: sink("stdout"), stderr: sink("stderr"), signal: new AbortController().signal }
  const code = await runCli(shell, "0.0.0")
  return { code, ...said }
}
