import { spawn } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { expect, onTestFinished, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { use } from "../support/use.ts"

const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts")
const COUNT = 12
const names = Array.from({ length: COUNT }, (_, index) => `part-${String(index).padStart(2, "0")}`)

const data = use(() => makeDataFolder())

interface Applied {
  /** The connectors that the command reported as created or changed. */
  readonly told: readonly string[]
  readonly code: number | null
  readonly stderr: string
}

/** Runs `apply` on the file; calls `at` once that many connectors are done. */
async function apply(file: string, after = Number.POSITIVE_INFINITY, at: (pid: number) => void = () => undefined): Promise<Applied> {
  const env = { PATH: process.env["PATH"] ?? "", JACKFIELD_DATA: data.dir }
  const command = spawn(process.execPath, [CLI, "apply", "-f", file, "--yes"], { env, stdio: ["ignore", "pipe", "pipe"] })
  const told: string[] = []
  let stderr = ""
  command.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const lines = createInterface({ input: command.stdout })
  lines.on("line", (line) => {
    const name = /(part-\d\d) (created|changed)$/.exec(line)?.[1]
    if (name === undefined) return
    told.push(name)
    if (told.length === after) at(command.pid ?? 0)
  })
  const code = await new Promise<number | null>((resolve) => command.once("close", resolve))
  return { told, code, stderr }
}

async function fileOf(folder: DataFolder, title: string): Promise<string> {
  const path = join(folder.dir, "connectors.yaml")
  const connectors = names.map((name) => `  ${name}:\n    type: http\n    title: ${title}\n    config: { url: "https://api.example.com/" }\n`)
  await writeFile(path, `connectors:\n${connectors.join("")}`)
  return path
}

interface Shown {
  readonly name: string
  readonly title: string
  readonly version: number
}
const stored = async (hub: HubProcess): Promise<Shown[]> => (await hub.call("GET", "/v1/connectors?limit=100")).body.data

test("apply continues where it was killed, and every change that it reported was made", { timeout: 240_000 }, async () => {
  let hub = startHubProcess(data.dir)
  onTestFinished(async () => void (await hub.end("SIGKILL")))
  await hub.ready
  // The command is killed while it creates connectors, then while it changes them.
  let file = await fileOf(data, "made")
  const made = await apply(file, 3, (pid) => process.kill(pid, "SIGKILL"))
  expect(made.told.length).toBeGreaterThanOrEqual(3)
  const afterKill = (await stored(hub)).map(({ name }) => name)
  expect(afterKill).toEqual(expect.arrayContaining([...made.told]))
  expect(afterKill.length).toBeLessThan(COUNT)
  const rest = await apply(file)
  expect([rest.code, [...afterKill, ...rest.told].sort()]).toEqual([0, names])
  expect((await stored(hub)).map(({ name, version }) => [name, version]).sort()).toEqual(names.map((name) => [name, 1]))

  // The hub is killed in the middle of a run.
  file = await fileOf(data, "changed")
  const cut = await apply(file, 4, () => hub.child.kill("SIGKILL"))
  expect(cut.code).not.toBe(0)
  expect(cut.stderr).toContain("Fix the cause and run the same command again; it will continue from here.")
  await hub.exited
  hub = startHubProcess(data.dir)
  await hub.ready
  const changed = (await stored(hub)).filter(({ title }) => title === "changed").map(({ name }) => name)
  expect(changed).toEqual(expect.arrayContaining([...cut.told]))
  expect(changed.length).toBeLessThan(COUNT)
  const last = await apply(file)
  expect([last.code, [...changed, ...last.told].sort()]).toEqual([0, names])
  expect((await stored(hub)).map(({ name, title, version }) => [name, title, version]).sort()).toEqual(names.map((name) => [name, "changed", 2]))
  expect(await hub.end()).toBe(0)
})
