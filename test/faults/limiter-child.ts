import { request } from "node:http"
import { ConnectorLimits, type Grant } from "../../src/limits/connector-limits.ts"
import { effectiveLimits } from "../../src/limits/limits.ts"
import { openStore } from "../../src/store/store.ts"

/** A process of the limiter's fault test: calls the remote server as fast as the limiter allows, until it is killed. */
const [databaseUrl = "", workspaceId = "", connectorId = "", port = "", limits = "{}", callers = "8"] = process.argv.slice(2)

const quiet = { info: () => undefined, warn: () => undefined }
const store = await openStore({ dataDir: "unused", databaseUrl, log: quiet })
const limiter = new ConnectorLimits(store)
const effective = effectiveLimits(JSON.parse(limits) as Record<string, unknown>, {})
process.stdout.write("ready\n")

const call = ({ signal, sent }: Grant): Promise<void> =>
  new Promise((resolve) => {
    const sending = request({ host: "127.0.0.1", port, signal, agent: false }, (answer) => answer.resume().on("close", resolve))
    sending.on("socket", (socket) => socket.once("connect", sent))
    sending.on("error", () => resolve()).end()
  })

async function caller(): Promise<never> {
  for (;;) {
    const grant = await limiter.take(workspaceId, connectorId, effective, { signal: new AbortController().signal, waitMs: 60_000 })
    await call(grant)
    grant.release()
  }
}

await Promise.all(Array.from({ length: Number(callers) }, caller))
