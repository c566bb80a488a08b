import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { accessSync, constants, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"
import { isRoot } from "./account.ts"
import { locked } from "./lock.ts"
import { type Manager, managers } from "./managers.ts"

/** Debian packages, each with programs that show that it is installed: a name on PATH, or a path that may have `*` in it. */
export type DebianPackages = Readonly<Record<string, readonly string[]>>

/**
 * What a server needs from package registries. What is not Debian's goes into one folder, made once per list of
 * packages: versions must be exact.
 */
export interface Packages extends Readonly<Partial<Record<Manager, readonly string[]>>> {
  readonly debian?: DebianPackages
}

/** Packages that are there. */
export interface Installed {
  /** The folder of everything that is not Debian's: `bin`, `node_modules`, `jars` and unpacked archives. */
  readonly folder: string
  /** The path of a program: below `folder`, on PATH, or the newest that matches a path with `*`. */
  program(name: string): string
}

/** Where installed packages are kept between runs; JACKFIELD_TEST_CACHE unless it is empty. The servers' account must be able to read it. */
const cache = (): string =>
  process.env["JACKFIELD_TEST_CACHE"] ||
  (isRoot ? "/var/cache/jackfield-tests" : join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "jackfield-tests"))

/** Installs what is missing, one process of this machine at a time. */
export async function install(name: string, packages: Packages): Promise<Installed> {
  const { debian = {}, ...others } = packages
  const wanted = (Object.keys(others) as Manager[]).filter((manager) => (others[manager] ?? []).length > 0)
  const hash = createHash("sha256")
    .update(JSON.stringify([process.arch, others]))
    .digest("hex")
    .slice(0, 12)
  const folder = join(cache(), `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${hash}`)
  // Written last, so that an installation that was killed half-way is made anew.
  const stamp = join(folder, ".installed")
  const isWhole = (): boolean => wanted.length === 0 || existsSync(stamp)
  const isDone = (): boolean => missing(debian).length === 0 && isWhole()
  if (!isDone()) {
    mkdirSync(cache(), { recursive: true, mode: 0o755 })
    await locked(join(cache(), "lock"), async () => {
      // Another run may have installed it while this one waited.
      if (isDone()) return
      await installDebian(debian)
      if (isWhole()) return
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { mode: 0o755 })
      for (const manager of wanted) await installBy(manager, others[manager] ?? [], folder)
      writeFileSync(stamp, "")
    })
  }
  return { folder, program: (program) => find(program, folder) ?? absent(name, program) }
}

function absent(name: string, program: string): never {
  throw new Error(`${name}: ${program} is not there after the installation; see the output above.`)
}

async function installBy(manager: Manager, packages: readonly string[], folder: string): Promise<void> {
  await installDebian(managers[manager].debian)
  console.log(`servers: installing ${packages.join(", ")} by ${manager}`)
  await managers[manager].install(folder, packages, (command, args, env) => run(command, args, folder, env))
}

/** Installs Debian's packages without letting them start or create anything of their own. */
async function installDebian(packages: DebianPackages): Promise<void> {
  const names = missing(packages)
  if (names.length === 0) return
  console.log(`servers: installing ${names.join(", ")}`)
  const script = `set -e
policy=/usr/sbin/policy-rc.d; clusters=/etc/postgresql-common/createcluster.d
if [ ! -e "$policy" ]; then printf '#!/bin/sh\\nexit 101\\n' > "$policy"; chmod 755 "$policy"; made=1; fi
mkdir -p "$clusters"; printf 'create_main_cluster = false\\n' > "$clusters/jackfield.conf"
trap 'rm -f "$clusters/jackfield.conf"; [ -z "$made" ] || rm -f "$policy"' EXIT
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 ${names.join(" ")}`
  await (isRoot ? run("sh", ["-c", script], "/") : run("sudo", ["-n", "sh", "-c", script], "/"))
}

/** The Debian packages of which a program is not there. */
export const missing = (packages: DebianPackages): string[] =>
  Object.entries(packages).flatMap(([name, programs]) => (programs.every((program) => find(program) !== undefined) ? [] : [name]))

/** A path with `*` is the one with the highest number, e.g. `/usr/lib/postgresql/17/bin/initdb` rather than 15's. */
function find(program: string, folder?: string): string | undefined {
  const byNumber = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true })
  const own = folder === undefined ? [] : [join(folder, "bin"), join(folder, "node_modules", ".bin")]
  const onPath = [...own, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"]
  const paths = program.includes("/") ? globSync(program).sort(byNumber).reverse() : onPath.map((each) => join(each, program))
  return paths.find(isRunnable)
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** How long one step of an installation may take. */
const STEP_MS = 900_000

/** Runs an installer to its end; its output is shown only when it fails. */
async function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // npm passes its own settings of a run on, this project's folder among them.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("npm_")))
    const options = { cwd, env: { ...inherited, ...env }, timeout: STEP_MS, maxBuffer: 64 * 1_048_576 }
    execFile(command, [...args], options, (cause, stdout, stderr) => {
      if (cause === null) return resolve()
      const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-25).join("\n")
      reject(new Error(`${command} ${args[0] ?? ""} ${cause.killed ? `took more than ${STEP_MS} ms` : "failed"}. Its output ends:\n${said}`, { cause }))
    })
  })
}
