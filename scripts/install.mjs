// Installs the packages if they are missing or differ from package-lock.json; a pre-script of `npm start`, `npm test`
// and others. Plain JavaScript, because the host's Node may be old: the script that follows finds Node 24 in
// node_modules/.bin.
import { spawn } from "node:child_process"
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

/** The signal that asked this script to end, once one came. */
let stoppedBy

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
/** The time for npm to end after a signal, in milliseconds; then it is killed. */
const NPM_ENDS_MS = 5_000

/**
 * Runs npm, preferably the one that runs this script; keeps its output in case it fails. A signal is passed on, since npm
 * must not continue alone.
 */
async function npm(...args) {
  const path = process.env.npm_execpath
  const env = { ...process.env, npm_config_loglevel: "error" }
  const options = { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] }
  const own = path && /\.c?js$/.test(path)
  const child = own
    ? spawn(process.execPath, [path, ...args, ...ARGS], options)
    : spawn("npm", [...args, ...ARGS], { ...options, shell: process.platform === "win32" })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk))
  const pass = (signal) => {
    stoppedBy ??= signal
    child.kill(signal)
    setTimeout(() => child.kill("SIGKILL"), NPM_ENDS_MS).unref()
  }
  for (const signal of Object.keys(SIGNALS)) process.on(signal, pass)
  return await new Promise((resolve) => {
    child.on("error", (error) => resolve({ status: 1, output: error.message }))
    child.on("close", (status) => resolve({ status, output }))
  })
}

async function install() {
  const started = Date.now()
  console.log("jackfield: installing packages; this happens once")
  const heartbeat = setInterval(() => {
    console.log(`jackfield: still installing, ${Math.round((Date.now() - started) / 1000)} s; a minute is usual`)
  }, 15_000)
  try {
    await installed(started)
  } finally {
    clearInterval(heartbeat)
  }
}

/** Installs and checks the result. */
async function installed(started) {
  let result = await npm("ci")
  // If a registry mirror lacks another platform's optional package, `npm ci` calls the lock file incomplete; this
  // installs the same versions.
  if (stoppedBy === undefined && result.status !== 0 && result.output.includes("EUSAGE")) result = await npm("install", "--no-save")
  if (stoppedBy !== undefined) {
    console.error("jackfield: the installation was interrupted; the next start installs again")
    process.exitCode = SIGNALS[stoppedBy]
    return
  }
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
    else await install()
  } finally {
    rmSync(lockFolder, { recursive: true, force: true })
  }
}
