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
const dataDir = await mkdtemp(join(tmpdir(), "jackfield-playground-"))
const standIns = await startStandIns()
const allowed = [...standIns.targets.values()].map(({ host, port }) => `${host}/32:${port}`).join(",")
const settings = readSettings({ PORT, HOST, JACKFIELD_LOG, JACKFIELD_DATA: dataDir, JACKFIELD_EGRESS_ALLOW: allowed })
let identity: OpenIdentity | undefined
const served = await serve(settings, createLog(settings.logLevel, process.stdout), {
  door: { standIns: standIns.targets, extraCa: standIns.ca },
  identity: (store, signingKey) => {
    identity = new OpenIdentity(store, signingKey)
    return identity
  },
})
await identity?.applyPlan()

const lines = compatibleApis.map(({ name, prefix }) => `    ${name.padEnd(10)} ${served.url}${prefix}`)
const hosts = [...standIns.targets.keys()].map((target) => `    ${target}`)
process.stdout.write(
  `\n  A playground: no credentials needed, nothing is kept. Ctrl-C stops it.\n\n    native     ${served.url}/v1\n${lines.join("\n")}\n\n  Answered by stand-ins:\n\n${hosts.join("\n")}\n\n`,
)

const stop = async (): Promise<void> => {
  await served.stop()
  await standIns.stop()
  await rm(dataDir, { recursive: true, force: true })
  process.exit(0)
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop())
