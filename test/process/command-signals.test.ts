import { spawn } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeDataFolder } from "../support/data-folder.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { leftBehind } from "../support/left-behind.ts"
import { within } from "../support/waiting.ts"

const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts")
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

test.runIf(process.platform === "linux")(
  "a command that started the embedded database stops it when a signal arrives twice",
  { timeout: 120_000 },
  async () => {
    await using data = makeDataFolder()
    const hub = startHubProcess(data.dir)
    await hub.ready
    expect(await hub.end()).toBe(0)
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const env = { PATH: process.env["PATH"] ?? "", JACKFIELD_DATA: data.dir }
      const command = spawn(process.execPath, [CLI, "backup", join(data.dir, `${signal}.jfb`)], { env, detached: true, stdio: "ignore" })
      const ended = new Promise((resolve) => command.once("exit", (code, by) => resolve(code ?? by)))
      await within(30_000, () => data.postmaster() !== undefined, "the database starts")
      process.kill(-(command.pid ?? 0), signal)
      command.kill(signal)
      expect(await ended).toBe(CODES[signal])
      await within(5_000, () => leftBehind(data.dir, command.pid).length === 0, "no process is left")
    }
  },
)
