import { enableCompileCache } from "node:module"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Logger } from "pino"
import type { FirstLogin } from "./hub/first-start.ts"
import type { Served } from "./serve.ts"

/** The time for a stop, in milliseconds; after it, the process ends its database with it and exits with code 1. */
const STOP_MS = 9_500

/** Ctrl-C, a service manager or `timeout`, and a terminal that was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * The hub as a process: reads the environment, serves, and ends within 10 s of the first signal. The same stop arrives
 * several times when the whole process group gets it and npm forwards it; all further signals change nothing.
 */
async function main(): Promise<void> {
  const asked = new AbortController()
  let by = ""
  for (const signal of SIGNALS)
    process.on(signal, () => {
      by ||= signal
      asked.abort()
    })
  // The compile cache cuts the time to ready by a third. It is stored with the packages, which only the user who
  // installs them can write.
  enableCompileCache(join(import.meta.dirname, "..", "node_modules", ".cache", "jackfield"))
  const [{ readSettings }, { createLog, gathered }, { clearDriverEnvironment }, { serve, welcome }] = await Promise.all([
    import("./hub/base/settings.ts"),
    import("./log.ts"),
    import("./net/environment.ts"),
    import("./serve.ts"),
  ])
  // By default V8 lets garbage grow to four times the live heap; with a growth of 50 %, a discovery of 50,000 tables
  // stays below 300 MB and is no slower.
  setFlagsFromString("--heap-growing-percent=50")
  const settings = readSettings(process.env)
  clearDriverEnvironment(process.env)
  if (asked.signal.aborted) process.exit(0)
  // A terminal that was closed must not become a crash, which would cut the stop short.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
  const output = gathered(process.stdout)
  process.once("exit", output.flush)
  const log = createLog(settings.logLevel, output)
  process.on("unhandledRejection", (reason) => log.error({ err: reason }, "unhandled rejection"))
  // Node itself would print all properties of the error.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "the hub crashed")
    process.exit(1)
  })
  let shown = false
  const showLogin = (url: string, login: FirstLogin): void => {
    shown = true
    output.write(welcome(url, login))
    output.flush()
  }
  const starting = serve(settings, log, { signal: asked.signal, showLogin })
  asked.signal.addEventListener("abort", () => {
    log.info({ signal: by }, "stopping")
    // A stop that hangs must still end the process, and with it the database.
    setTimeout(() => process.exit(1), STOP_MS).unref()
    starting
      .then((served) => served.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          if (error === asked.signal.reason) process.exit(0)
          log.error({ err: error }, "stopping failed")
          process.exit(1)
        },
      )
  })
  const served = await starting.catch((error: unknown) => {
    // The stop above ends the process.
    if (asked.signal.aborted) return undefined
    throw error
  })
  if (served === undefined) return
  if (!shown) await adviseOnLogin(served, log)
  log.info({ url: served.url }, "ready")
  setTimeout(giveBackMemory, 1_000).unref()
}

/** Says how a login that was lost comes back; only the first start shows one. */
async function adviseOnLogin({ hub }: Served, log: Logger): Promise<void> {
  const email = await hub.firstOperator()
  if (email !== undefined) log.info(`a lost login: \`jackfield users reset-password ${email}\` sets and shows a new password`)
}

/**
 * Collects the garbage left by loading and stripping the sources, which an idle process would keep: 124 MB resident
 * instead of 162, for 40 ms of collecting.
 */
function giveBackMemory(): void {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  setFlagsFromString("--no-expose-gc")
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? (error.name === "PlatformError" ? error.message : (error.stack ?? error.message)) : String(error)
  process.stderr.write(`jackfield: ${message}\n`)
  process.exit(1)
})
