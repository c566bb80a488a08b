#!/usr/bin/env node
// The command `jackfield`. Plain JavaScript for any Node: if the host's Node is older than 24, it runs itself again
// with the project's own.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const NEEDED = 24
const self = fileURLToPath(import.meta.url)
const root = dirname(dirname(self))

/** A clone runs from its sources; the published package contains only the build. */
const source = join(root, "src", "cli", "main.ts")
const main = existsSync(source) ? source : join(root, "dist", "cli", "main.js")

function ownNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"))
    return ["bin/node", "bin/node.exe"].map((name) => join(folder, name)).find((path) => existsSync(path))
  } catch {
    return undefined
  }
}

function runAgain(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: "inherit" })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal's Ctrl-C has already reached the child, which takes a second one for the same.
    process.on(signal, () => void child.kill(signal))
  }
  child.on("error", (error) => {
    console.error(`jackfield: ${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  await import(pathToFileURL(main).href)
} else {
  const node = ownNode()
  if (node !== undefined) runAgain(node)
  else {
    const advice = existsSync(join(root, "package-lock.json")) ? "run `npm ci` first, which installs it" : "install Node 24 or newer"
    console.error(`jackfield: needs Node ${NEEDED}, but this is ${process.version}; ${advice}.`)
    process.exitCode = 1
  }
}
