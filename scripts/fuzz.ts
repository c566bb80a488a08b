import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Caller, configuration } from "./fuzz/configuration.ts"
import { startWorld } from "./fuzz/world.ts"

const HOOKS = fileURLToPath(new URL("fuzz/hooks.py", import.meta.url))
const VERSION = "4.32.5"

/**
 * Runs schemathesis (PyPI) against /openapi.json of a throw-away hub with data, once for each role; exits with 1 if
 * anything fails. `FUZZ_EXAMPLES` is the maximum number of examples per operation (25), `FUZZ_SEED` repeats a run,
 * `FUZZ_AS` selects one role; `FUZZ_VENV` names a Python environment that already contains schemathesis.
 */
const { FUZZ_EXAMPLES = "25", FUZZ_VENV, FUZZ_SEED, FUZZ_AS } = process.env
const folder = await mkdtemp(join(tmpdir(), "jackfield-fuzz-"))
const interrupt = new AbortController()
process.once("SIGINT", () => interrupt.abort())

function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", cwd: folder, signal: interrupt.signal, env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS } })
  return new Promise((resolve) => {
    child.once("error", () => resolve(127))
    child.once("close", (code) => resolve(code ?? 1))
  })
}

async function install(): Promise<string> {
  if (FUZZ_VENV !== undefined) return FUZZ_VENV
  const venv = join(folder, "venv")
  process.stdout.write(`fuzz: installing schemathesis ${VERSION} into a temporary folder\n`)
  const made = (await run("python3", ["-m", "venv", venv])) || (await run(join(venv, "bin", "pip"), ["install", "--quiet", `schemathesis==${VERSION}`]))
  if (made !== 0) throw new Error("schemathesis could not be installed; it needs Python 3.10 or newer with venv, and access to PyPI.")
  return venv
}

const RUNS: readonly { readonly caller: Caller; readonly ending: boolean }[] = [
  { caller: "admin", ending: false },
  { caller: "editor", ending: false },
  { caller: "viewer", ending: false },
  { caller: "operator", ending: false },
  { caller: "admin", ending: true },
]

/** One run over a hub of its own; returns whether it found nothing. */
async function fuzz(venv: string, { caller, ending }: (typeof RUNS)[number]): Promise<boolean> {
  const world = await startWorld()
  try {
    const config = join(folder, "schemathesis.toml")
    await writeFile(config, configuration(caller, world.keys[caller], Number(FUZZ_EXAMPLES), ending))
    process.stdout.write(`\nfuzz: as ${caller}${ending ? ", the routes that end the caller's own key" : ""}\n`)
    const seed = FUZZ_SEED === undefined ? [] : ["--seed", FUZZ_SEED]
    const code = await run(join(venv, "bin", "schemathesis"), ["--no-color", "--config-file", config, "run", `${world.hub.url}/openapi.json`, ...seed])
    const failures = world.hub
      .log()
      .split("\n")
      .filter((line) => line.includes('"level":50'))
    for (const line of failures.slice(0, 20)) process.stdout.write(`hub: ${line.slice(0, 2_000)}\n`)
    return code === 0 && failures.length === 0
  } finally {
    await world.stop()
  }
}

const failed: string[] = []
try {
  const venv = await install()
  for (const each of RUNS) {
    if (FUZZ_AS !== undefined && FUZZ_AS !== each.caller) continue
    if (!(await fuzz(venv, each))) failed.push(each.caller)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.stdout.write(failed.length === 0 ? "\nfuzz: no failure\n" : `\nfuzz: failures as ${failed.join(", ")}\n`)
process.exit(failed.length === 0 ? 0 : 1)
