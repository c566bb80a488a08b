import { readFileSync } from "node:fs"
import { runCli } from "./program.ts"

const interrupt = new AbortController()
const argv = process.argv.slice(2)

/** The exit codes by which a shell recognizes a command that was ended by a signal. */
const EXIT_OF = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
/** The time for a command to end after a signal, in milliseconds. */
const END_MS = 5_000
let interrupted: number = EXIT_OF.SIGINT

// The hub handles signals and a closed terminal itself.
if (argv[0] !== "serve") {
  // A command must end cleanly, because it may have started the embedded database. The same signal may arrive twice: from
  // the terminal, and from npm.
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (interrupt.signal.aborted) return
      interrupted = EXIT_OF[signal]
      interrupt.abort()
      setTimeout(() => process.exit(interrupted), END_MS).unref()
    })
  // A reader that closes the pipe early (`| head`) has read everything it needs.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0)
      throw error
    })
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
const exit = await runCli({ argv, env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal }, version)
if (exit !== undefined) process.exitCode = interrupt.signal.aborted ? interrupted : exit
