import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"

const database = use(() => startTestDatabase())

/** Opens a connector in a separate process, and prints the packages that were loaded before and after. */
const CHILD = `
import { registerHooks } from "node:module"
const packages = new Set()
registerHooks({ load(url, context, next) {
  const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(url)?.[1]
  if (name !== undefined) packages.add(name)
  return next(url, context)
} })
const { registry } = await import("${new URL("../../src/connectors/index.ts", import.meta.url).href}")
const before = [...packages]
const { openConfig, parseConfig } = await import("${new URL("../../src/core/config.ts", import.meta.url).href}")
const { open } = await import("${new URL("../../src/core/session.ts", import.meta.url).href}")
const { testLease } = await import("${new URL("../support/lease.ts", import.meta.url).href}")
const { type, config } = JSON.parse(process.env.SUBJECT)
packages.clear()
const connector = registry.find(type)
const parsed = parseConfig(connector.fields, config)
const secrets = new Map([...parsed.secrets].map(([pointer, { value }]) => [pointer, value]))
const lease = testLease()
const session = await open(connector, openConfig(connector.fields, parsed.plain, secrets), lease)
const ok = await session.test().then(() => true, (error) => error.code)
await session.close()
await lease.close()
console.log(JSON.stringify({ before, after: [...packages], ok }))
process.exit(0)
`

interface Loaded {
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly ok: boolean | string
}

async function loadedBy(type: string, config: object): Promise<Loaded> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", CHILD], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { PATH: process.env["PATH"] ?? "", SUBJECT: JSON.stringify({ type, config }) },
  })
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Loaded
}

/** Packages that only one kind of connector needs. */
const CLIENTS = ["pg", "pg-protocol", "mysql2", "ssh2", "tedious", "pg-copy-streams", "chardet"]

test("the list of types loads no client, and PostgreSQL loads only its own", async () => {
  const { before, after, ok } = await loadedBy("postgres", database.config)
  expect(ok).toBe(true)
  expect(before.filter((name) => CLIENTS.includes(name))).toEqual([])
  expect(after.filter((name) => CLIENTS.includes(name)).toSorted()).toEqual(["pg", "pg-protocol"])
})

test("a warehouse over HTTP loads no database client", async () => {
  const config = { host: "127.0.0.1", port: 1, auth: { kind: "none" }, user: "u", tls: { kind: "off" } }
  const { after, ok } = await loadedBy("trino", config)
  expect(ok).toBe("host_unreachable")
  expect(after.filter((name) => CLIENTS.includes(name))).toEqual([])
})
