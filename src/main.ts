import { enableCompileCache } from "node:module"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** The hub as a process: reads the environment, serves, and ends within 10 s of SIGTERM or Ctrl-C. */
async function main(): Promise<void> {
  // What was compiled once is read from there: a third less time to ready. It lies with the packages, where only who installs them writes.
  enableCompileCache(join(import.meta.dirname, "..", "node_modules", ".cache", "jackfield"))
  const [{ readSettings }, { createLog, gathered }, { clearDriverEnvironment }, { serve, welcome }] = await Promise.all([
    import("./hub/base/settings.ts"),
    import("./log.ts"),
    import("./net/environment.ts"),
    import("./serve.ts"),
  ])
  // V8 lets garbage grow to four times what lives; at half as much again a discovery of 50,000 tables stays below 300 MB, no slower.
  setFlagsFromString("--heap-growing-percent=50")
  const settings = readSettings(process.env)
  clearDriverEnvironment(process.env)
  const output = gathered(process.stdout)
  process.once("exit", output.flush)
  const log = createLog(settings.logLevel, output)
  process.on("unhandledRejection", (reason) => log.error({ err: reason }, "a rejection was not handled"))
  // Node itself would print all that hangs on the error.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "the hub crashed")
    process.exit(1)
  })
  const starting = serve(settings, log)
  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, "stopping")
    // A second signal, or a stop that hangs, must still end the process.
    setTimeout(() => process.exit(1), 9_500).unref()
    // A start is seen through first: cut off, it would leave its database running. One that fails ends the process itself.
    await (await starting.catch(() => new Promise<never>(() => undefined))).stop()
    process.exit(0)
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.error({ err: error }, "stopping failed")
        process.exit(1)
      })
    })
  const served = await starting
  if (served.hub.firstLogin !== undefined) output.write(welcome(served.url, served.hub.firstLogin))
  log.info({ url: served.url }, "ready")
  setTimeout(giveBackMemory, 1_000).unref()
}

/** Loading and stripping the sources leaves garbage that an idle process would keep: 162 MB resident instead of 124, for 40 ms of collecting. */
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
