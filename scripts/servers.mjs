#!/usr/bin/env node
/**
 * Runs a command beside Debian's real PostgreSQL, MariaDB and OpenSSH: `node scripts/servers.mjs vitest run --project servers`.
 * Installs what is missing, starts them on 127.0.0.1 in a throw-away folder, names them by `JF_*` variables, and passes
 * the command's exit code on. A server that does not start is exit code 1 with the tail of its log, never a skip.
 */
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const HOST = "127.0.0.1"
const isRoot = process.getuid?.() === 0
const servers = []
let folder

/** Runs a tool to its end and gives its output; the error has what it printed. */
function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options })
  } catch (cause) {
    throw new Error(`${command} ${args[0] ?? ""} failed: ${cause.stderr || cause.stdout || cause.message}`, { cause })
  }
}

function runnable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const onPath = (name) => ["/usr/sbin", "/usr/bin", "/bin", "/sbin", ...(process.env.PATH ?? "").split(delimiter)].map((each) => join(each, name)).find(runnable)

/** The newest `bin` folder of Debian's PostgreSQL packages, or the one of a plain installation. */
function postgresBin() {
  const root = "/usr/lib/postgresql"
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(root, version, "bin")).find((bin) => runnable(join(bin, "postgres")) && runnable(join(bin, "initdb")))
}

/** Installs Debian's packages without letting them start or create anything of their own. */
function install(packages) {
  console.log(`servers: installing ${packages.join(", ")}`)
  const script = `set -e
policy=/usr/sbin/policy-rc.d; clusters=/etc/postgresql-common/createcluster.d
if [ ! -e "$policy" ]; then printf '#!/bin/sh\\nexit 101\\n' > "$policy"; chmod 755 "$policy"; made=1; fi
mkdir -p "$clusters"; printf 'create_main_cluster = false\\n' > "$clusters/jackfield.conf"
trap 'rm -f "$clusters/jackfield.conf"; [ -z "$made" ] || rm -f "$policy"' EXIT
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ${packages.join(" ")}`
  const [command, args] = isRoot ? ["sh", ["-c", script]] : ["sudo", ["-n", "sh", "-c", script]]
  execFileSync(command, args, { stdio: ["ignore", "inherit", "inherit"] })
}

function needServers() {
  const packages = []
  if (postgresBin() === undefined) packages.push("postgresql")
  if (onPath("mariadbd") === undefined || onPath("mariadb-install-db") === undefined) packages.push("mariadb-server")
  if (onPath("sshd") === undefined || onPath("ssh-keygen") === undefined) packages.push("openssh-server")
  if (onPath("openssl") === undefined) packages.push("openssl")
  // For docs/operating.md, whose commands are root's.
  if (isRoot)
    for (const [command, name] of [
      ["nginx", "nginx-light"],
      ["prometheus", "prometheus"],
    ])
      if (onPath(command) === undefined) packages.push(name)
  if (packages.length > 0) install(packages)
  const bin = postgresBin()
  const sshd = onPath("sshd")
  const mariadbd = onPath("mariadbd")
  const missing = Object.entries({ PostgreSQL: bin, sshd, MariaDB: mariadbd }).flatMap(([name, path]) => (path === undefined ? [name] : []))
  if (missing.length > 0) throw new Error(`${missing.join(", ")} still missing after the installation; see its output above.`)
  return { bin, sshd, mariadbd }
}

/** A port that was free a moment ago; who takes it tries again when somebody else was quicker. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, HOST, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

/** A CA and a certificate by it for `db.example.test`, `localhost` and 127.0.0.1. */
function certificates() {
  const at = (name) => join(folder, name)
  const openssl = (...args) => run("openssl", args, { cwd: folder })
  writeFileSync(
    at("openssl.cnf"),
    `[req]
distinguished_name = name
prompt = no
[name]
CN = Jackfield test CA
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:db.example.test, DNS:localhost, IP:127.0.0.1
`,
  )
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  openssl("req", "-x509", ...key, "-config", "openssl.cnf", "-extensions", "ca", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
  openssl("req", ...key, "-config", "openssl.cnf", "-subj", "/CN=db.example.test", "-keyout", "server.key", "-out", "server.csr")
  const extensions = ["-extfile", "openssl.cnf", "-extensions", "server"]
  openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", ...extensions, "-out", "server.pem", "-days", "2")
  return { ca: at("ca.pem"), cert: at("server.pem"), key: at("server.key") }
}

/** Spawns a server in the foreground with a log of its own. */
function start(name, command, args, options = {}) {
  const log = join(folder, `${name}.log`)
  const out = openSync(log, "a")
  const child = spawn(command, args, { stdio: ["ignore", out, out], cwd: folder, ...options })
  const server = { name, child, log, ended: false, signal: options.stopWith ?? "SIGTERM" }
  server.end = new Promise((resolve) => {
    const over = () => {
      server.ended = true
      resolve()
    }
    child.once("exit", over)
    child.once("error", over)
  })
  servers.push(server)
  return server
}

const tail = (log) => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(-25).join("\n") : "")

/** Waits until `ready` says yes; at most 30 s, and not after the server ended. */
async function waitFor(server, ready) {
  const until = Date.now() + 30_000
  while (Date.now() < until && !server.ended) {
    if (await ready()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${server.name} did not start. Its log ends:\n${tail(server.log)}`)
}

/** Up to three tries, since a free port may be taken between asking and listening. */
async function onFreePort(begin) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await begin(await freePort())
    } catch (error) {
      if (attempt === 3 || !/address already in use/i.test(String(error.message))) throw error
    }
  }
}

async function startPostgres(bin, tls) {
  // PostgreSQL refuses to run as root; Debian's package made a user for it.
  const account = isRoot ? { uid: Number(run("id", ["-u", "postgres"])), gid: Number(run("id", ["-g", "postgres"])) } : {}
  const home = join(folder, "postgres")
  const data = join(home, "data")
  const password = randomBytes(18).toString("base64url")
  mkdirSync(home, { mode: 0o700 })
  const passwordFile = join(home, "password")
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (isRoot) for (const path of [home, passwordFile, tls.cert, tls.key]) chownSync(path, account.uid, account.gid)
  chmodSync(tls.key, 0o600)
  const options = { cwd: home, env: { PATH: process.env.PATH, LC_ALL: "C" }, ...account }
  const user = "jackfield_seed"
  run(join(bin, "initdb"), ["-D", data, "-U", user, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "-N", `--pwfile=${passwordFile}`], options)
  return onFreePort(async (port) => {
    const settings = {
      listen_addresses: HOST,
      port,
      unix_socket_directories: "",
      ssl: "on",
      ssl_cert_file: tls.cert,
      ssl_key_file: tls.key,
      max_connections: 100,
      fsync: "off",
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const server = start("postgres", join(bin, "postgres"), ["-D", data, ...args], { ...options, stopWith: "SIGINT" })
    const query = ["-h", HOST, "-p", String(port), "-U", user, "-d", "postgres", "-Atc", "select 1"]
    const env = { PATH: process.env.PATH, PGPASSWORD: password, PGSSLMODE: "verify-full", PGSSLROOTCERT: tls.ca, PGCONNECT_TIMEOUT: "5" }
    await waitFor(server, () => {
      try {
        return run(join(bin, "psql"), query, { env, cwd: folder }).trim() === "1"
      } catch (error) {
        writeFileSync(server.log, `${error.message}\n`, { flag: "a" })
        return false
      }
    })
    return { JF_PG_HOST: HOST, JF_PG_PORT: String(port), JF_PG_USER: user, JF_PG_PASSWORD: password, JF_PG_CA: tls.ca }
  })
}

/** A MariaDB whose one user may do everything, from 127.0.0.1; TLS by a copy of the key that its own account may read. */
async function startMariadb(mariadbd, tls) {
  const account = isRoot ? { uid: Number(run("id", ["-u", "mysql"])), gid: Number(run("id", ["-g", "mysql"])) } : {}
  const home = join(folder, "mariadb")
  const data = join(home, "data")
  const password = randomBytes(18).toString("base64url")
  const user = "jackfield_seed"
  mkdirSync(home, { mode: 0o700 })
  const [key, init] = [join(home, "server.key"), join(home, "init.sql")]
  writeFileSync(key, readFileSync(tls.key), { mode: 0o600 })
  const host = `'${user}'@'127.0.0.1'`
  writeFileSync(init, `CREATE OR REPLACE USER ${host} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${host} WITH GRANT OPTION;\n`, { mode: 0o600 })
  if (isRoot) for (const path of [home, key, init]) chownSync(path, account.uid, account.gid)
  const options = { cwd: home, env: { PATH: process.env.PATH, LC_ALL: "C" }, ...account }
  const installer = ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
  run(onPath("mariadb-install-db"), installer, options)
  return onFreePort(async (port) => {
    const settings = {
      datadir: data,
      "bind-address": HOST,
      port,
      socket: join(home, "sock"),
      "pid-file": join(home, "pid"),
      "init-file": init,
      "ssl-cert": tls.cert,
      "ssl-key": key,
      "ssl-ca": tls.ca,
      "innodb-buffer-pool-size": "32M",
      "innodb-flush-log-at-trx-commit": 0,
      // A host that failed a few times is else locked out, which the wrong passwords of the tests do.
      "max-connect-errors": 1_000_000,
    }
    const args = ["--no-defaults", "--skip-name-resolve", ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)]
    const server = start("mariadb", mariadbd, args, options)
    await waitFor(server, async () => (await greeting(port)).includes("MariaDB"))
    return { JF_MYSQL_HOST: HOST, JF_MYSQL_PORT: String(port), JF_MYSQL_USER: user, JF_MYSQL_PASSWORD: password, JF_MYSQL_CA: tls.ca }
  })
}

/** The first bytes that a listener sends; empty when nobody is there. */
const greeting = (port) =>
  new Promise((resolve) => {
    const socket = connect({ host: HOST, port, timeout: 2_000 })
    const done = (text) => {
      socket.destroy()
      resolve(text)
    }
    socket.once("data", (bytes) => done(bytes.toString("latin1")))
    socket.once("error", () => done(""))
    socket.once("timeout", () => done(""))
  })

async function startSsh(sshd) {
  const home = join(folder, "ssh")
  mkdirSync(home, { mode: 0o755 })
  for (const name of ["host", "login"]) run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "jackfield test", "-f", join(home, name)])
  const hostKey = run("ssh-keygen", ["-lf", join(home, "host.pub")]).split(" ")[1]
  writeFileSync(join(home, "authorized_keys"), readFileSync(join(home, "login.pub")), { mode: 0o644 })
  // As root the login is `nobody`, who may do nothing but forward; sshd reads authorized_keys as that user. Otherwise sshd can log in only who runs it.
  const user = isRoot ? "nobody" : run("id", ["-un"]).trim()
  if (isRoot) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
  return onFreePort(async (port) => {
    const config = {
      ListenAddress: `${HOST}:${port}`,
      HostKey: join(home, "host"),
      PidFile: "none",
      AuthorizedKeysFile: join(home, "authorized_keys"),
      AllowUsers: user,
      StrictModes: "no",
      // Who may not read /etc/shadow sees every account as locked, unless PAM is asked.
      UsePAM: isRoot ? "no" : "yes",
      PasswordAuthentication: "no",
      KbdInteractiveAuthentication: "no",
      PubkeyAuthentication: "yes",
      AllowTcpForwarding: "yes",
      AllowAgentForwarding: "no",
      X11Forwarding: "no",
      PermitTunnel: "no",
      MaxStartups: "100:30:200",
      LogLevel: "VERBOSE",
    }
    const file = join(home, "sshd_config")
    const lines = Object.entries(config).map(([name, value]) => `${name} ${value}\n`)
    writeFileSync(file, lines.join(""))
    const server = start("sshd", sshd, ["-D", "-e", "-f", file])
    await waitFor(server, async () => (await greeting(port)).startsWith("SSH-2.0"))
    return { JF_SSH_HOST: HOST, JF_SSH_PORT: String(port), JF_SSH_HOSTKEY: hostKey, JF_SSH_USER: user, JF_SSH_KEY: join(home, "login") }
  })
}

/** The processes that a server of ours forked, so that none outlives it. */
function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already, which is what was wanted.
  }
}

async function stopAll() {
  for (const server of servers.reverse()) {
    if (server.ended || server.child.pid === undefined) continue
    const sessions = server.name === "sshd" ? childrenOf(server.child.pid) : []
    signal(server.child.pid, server.signal)
    for (const pid of sessions) signal(pid, "SIGTERM")
    const late = setTimeout(() => signal(server.child.pid, server.name === "postgres" ? "SIGQUIT" : "SIGKILL"), 10_000)
    await server.end
    clearTimeout(late)
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

/** The command's exit code; a signal to us goes to it, and its death by a signal is 128 + the signal's number. */
function runCommand([command, ...args], variables) {
  const bin = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules", ".bin")
  const env = { ...process.env, ...variables, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` }
  const child = spawn(command, args, { stdio: "inherit", env })
  for (const name of Object.keys(SIGNALS)) process.on(name, () => child.kill(name))
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`${command} cannot be run: ${cause.message}`, { cause })))
    child.once("exit", (code, name) => resolve(code ?? SIGNALS[name] ?? 1))
  })
}

async function main() {
  const command = process.argv.slice(2)
  if (command.length === 0) {
    console.error("Usage: node scripts/servers.mjs <command> [arguments…]")
    return 2
  }
  let code = 1
  try {
    const { bin, sshd, mariadbd } = needServers()
    folder = mkdtempSync(join(existsSync("/tmp") ? "/tmp" : tmpdir(), "jackfield-servers-"))
    // Other accounts pass through to what is theirs; they cannot list it.
    chmodSync(folder, 0o711)
    const tls = certificates()
    const started = [await startPostgres(bin, tls), await startMariadb(mariadbd, tls), await startSsh(sshd)]
    const variables = { ...Object.assign({}, ...started), JACKFIELD_TEST_SERVERS: "1" }
    const [postgres, mariadb] = [join(bin, "postgres"), mariadbd].map((path) => run(path, ["--version"]).trim())
    const at = (name) => `${HOST}:${variables[name]}`
    console.log(`servers: ${postgres} on ${at("JF_PG_PORT")}, ${mariadb} on ${at("JF_MYSQL_PORT")}, OpenSSH on ${at("JF_SSH_PORT")}`)
    code = await runCommand(command, variables)
  } catch (error) {
    console.error(`servers: ${error.message}`)
  } finally {
    await stopAll()
  }
  return code
}

process.exitCode = await main()
