import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compatibleApis } from "../src/compat/index.ts"
import { readSettings } from "../src/hub/base/settings.ts"
import { createLog } from "../src/log.ts"
import { clearDriverEnvironment } from "../src/net/environment.ts"
import { serve } from "../src/serve.ts"
import { OpenIdentity } from "./playground/open-identity.ts"
import { startStandIns } from "./playground/stand-ins.ts"

/**
 * A throw-away hub that asks for no credentials, so that the specifications' curls run as printed; on loopback only.
 */
const { PORT = "7420", HOST = "127.0.0.1", JACKFIELD_LOG = "warn" } = process.env
if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(HOST)) {
  process.stderr.write(`playground: it needs no credentials, so it listens only on loopback, not on ${HOST}; leave HOST out.\n`)
  process.exit(2)
}
clearDriverEnvironment(process.env)
// The same signal may arrive twice: from the terminal, and passed on by npm.
const asked = new AbortController()
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => asked.abort())
const dataDir = await mkdtemp(join(tmpdir(), "jackfield-playground-"))
const standIns = await startStandIns()
const allowed = [...standIns.targets.values()].map(({ host, port }) => `${host}/32:${port}`).join(",")
const settings = readSettings({ PORT, HOST, JACKFIELD_LOG, JACKFIELD_DATA: dataDir, JACKFIELD_EGRESS_ALLOW: allowed })
let identity: OpenIdentity | undefined
const starting = serve(settings, createLog(settings.logLevel, process.stdout), {
  signal: asked.signal,
  door: { standIns: standIns.targets, extraCa: standIns.ca },
  identity: (store, signingKey) => {
    identity = new OpenIdentity(store, signingKey)
    return identity
  },
})
const stop = async (): Promise<void> => {
  await starting.then(
    (served) => served.stop(),
    () => undefined,
  )
  await standIns.stop()
  await rm(dataDir, { recursive: true, force: true })
  process.exit(0)
}
if (asked.signal.aborted) await stop()
asked.signal.addEventListener("abort", () => void stop())
const served = await starting.catch((error: unknown) => {
  // The stop above ends the process.
  if (asked.signal.aborted) return new Promise<never>(() => undefined)
  throw error
})
await identity?.applyPlan()

const lines = compatibleApis.map(({ name, prefix }) => `    ${name.padEnd(10)} ${served.url}${prefix}`)
const hosts = [...standIns.targets.keys()].map((target) => `    ${target}`)
process.stdout.write(
  `\n  A playground: no credentials needed, nothing is kept. Ctrl-C stops it.\n\n    native     ${served.url}/v1\n${lines.join("\n")}\n\n  Answered by stand-ins:\n\n${hosts.join("\n")}\n\n`,
)
