// Installs the packages if they are missing or differ from package-lock.json; a pre-script of `npm start`, `npm test`
// and others. Plain JavaScript, because the host's Node may be old: the script that follows finds Node 24 in
// node_modules/.bin.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, "node_modules")
const stamp = join(modules, ".installed")
const lockFolder = join(root, ".install.lock")
const PATIENCE_MS = 900_000

const readOr = (path, otherwise) => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return otherwise
  }
}

const lockText = readFileSync(join(root, "package-lock.json"), "utf8")
const wanted = createHash("sha256").update(`${process.platform} ${process.arch} ${lockText}`).digest("hex")

const isInstalled = () => readOr(stamp, "") === wanted

/** Whether npm's own record of the installation matches the lock file, because a user ran `npm ci` by hand. */
function npmAgrees() {
  const record = readOr(join(modules, ".package-lock.json"), undefined)
  if (record === undefined) return false
  const locked = JSON.parse(lockText).packages
  const present = JSON.parse(record).packages
  if (Object.keys(present).some((path) => locked[path] === undefined)) return false
  return Object.entries(locked).every(([path, entry]) => {
    if (path === "") return true
    const found = present[path]
    return found === undefined ? entry.optional === true || entry.devOptional === true : found.version === entry.version
  })
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}

/**
 * Whether a lock without a process id is stale: its process was killed between creating the lock and writing its id.
 */
const isOld = (path) => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 10_000

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** Allows one install at a time; the others wait until it is done. A lock whose process has ended is taken over. */
function takeLock() {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; sleep(200)) {
    if (isInstalled()) return false
    try {
      mkdirSync(lockFolder)
      writeFileSync(join(lockFolder, "pid"), String(process.pid))
      return true
    } catch (error) {
      if (error.code !== "EEXIST") throw error
      const pid = readOr(join(lockFolder, "pid"), "")
      if (pid === "" ? isOld(lockFolder) : !isAlive(Number(pid))) dropStale(pid)
    }
  }
  throw new Error(`another install has held ${lockFolder} for too long; remove it`)
}

/** Renames before removing, so that only one of two processes that find the lock stale removes it. */
function dropStale(pid) {
  const away = `${lockFolder}.${process.pid}`
  try {
    renameSync(lockFolder, away)
    if (readOr(join(away, "pid"), "") === pid) rmSync(away, { recursive: true, force: true })
    else renameSync(away, lockFolder)
  } catch (error) {
    if (error.code !== "ENOENT") throw error
  }
}

const ARGS = ["--include=dev", "--include=optional", "--no-audit", "--no-fund"]

/** Runs npm, preferably the one that runs this script; keeps its output in case it fails. */
function npm(...args) {
  const path = process.env.npm_execpath
  const env = { ...process.env, npm_config_loglevel: "error" }
  const options = { cwd: root, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }
  const own = path && /\.c?js$/.test(path)
  const result = own
    ? spawnSync(process.execPath, [path, ...args, ...ARGS], options)
    : spawnSync("npm", [...args, ...ARGS], { ...options, shell: process.platform === "win32" })
  return { status: result.status, output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}` }
}

function install() {
  const started = Date.now()
  console.log("jackfield: installing packages; this happens once")
  let result = npm("ci")
  // If a registry mirror lacks another platform's optional package, `npm ci` calls the lock file incomplete; this
  // installs the same versions.
  if (result.status !== 0 && result.output.includes("EUSAGE")) result = npm("install", "--no-save")
  if (result.status !== 0) {
    process.stderr.write(`${result.output}\n`)
    console.error("jackfield: npm could not install the packages; its output is above")
    process.exitCode = result.status || 1
    return
  }
  const node = join(modules, "node", "bin", process.platform === "win32" ? "node.exe" : "node")
  if (!existsSync(node) && Number(process.versions.node.split(".")[0]) < 24) {
    console.error(
      `jackfield: needs Node 24, but this is ${process.version}, and npm did not run the install script of the package \`node\`; run: npm rebuild node`,
    )
    process.exitCode = 1
    return
  }
  writeFileSync(stamp, wanted)
  console.log(`jackfield: packages installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

if (!isInstalled() && takeLock()) {
  try {
    if (npmAgrees()) writeFileSync(stamp, wanted)
    else install()
  } finally {
    rmSync(lockFolder, { recursive: true, force: true })
  }
}
