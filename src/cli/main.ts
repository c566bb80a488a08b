import { readFileSync } from "node:fs"
import { runCli } from "./program.ts"

const interrupt = new AbortController()
const argv = process.argv.slice(2)

// The hub handles signals itself.
if (argv[0] !== "serve") process.once("SIGINT", () => interrupt.abort())

// A reader that closes the pipe early (`| head`) has all it needs.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    throw error
  })

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
const exit = await runCli({ argv, env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal }, version)
if (exit !== undefined) process.exitCode = interrupt.signal.aborted ? 130 : exit
