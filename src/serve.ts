import { createRequire } from "node:module"
import { resolve } from "node:path"
import type { FastifyInstance } from "fastify"
import type { Logger } from "pino"
import { buildServer } from "./api/server.ts"
import { compatibleApis } from "./compat/index.ts"
import { PlatformError } from "./core/errors.ts"
import { readCliFile, urlOf, writeCliFile } from "./hub/base/cli-file.ts"
import type { Settings } from "./hub/base/settings.ts"
import type { FirstLogin } from "./hub/first-start.ts"
import { type Hub, type HubExtras, openHub } from "./hub/hub.ts"

/** A running hub. */
export interface Served {
  readonly url: string
  readonly hub: Hub
  /** Stops accepting requests, lets running ones finish within `DRAIN_MS`, and closes the store. Idempotent. */
  stop(): Promise<void>
}

const DRAIN_MS = 8_000

/** The version in package.json. */
export const VERSION: string = (createRequire(import.meta.url)("../package.json") as { version: string }).version

/** Opens the hub and listens. Throws a PlatformError with the next step if either fails. */
export async function serve(settings: Settings, log: Logger, extras: HubExtras = {}): Promise<Served> {
  const hub = await openHub(settings, log, extras)
  const app = await listen(hub, settings).catch(async (error: unknown) => {
    await hub.close()
    throw error
  })
  const address = app.server.address()
  const port = typeof address === "object" && address !== null ? address.port : settings.port
  await hub.listensOn({ address: settings.host === "localhost" ? "127.0.0.1" : settings.host, port })
  const url = urlOf(settings.host, port)
  await noteForCli(resolve(settings.dataDir), url)
  let stopping: Promise<void> | undefined
  return {
    url,
    hub,
    stop: () => {
      stopping ??= drain(app).then(() => hub.close())
      return stopping
    },
  }
}

async function listen(hub: Hub, settings: Settings): Promise<FastifyInstance> {
  const app = await buildServer(hub, { version: VERSION, mounts: compatibleApis, mountHosts: settings.compatHosts, trustProxy: settings.trustProxy })
  try {
    await app.listen({ host: settings.host, port: settings.port })
    return app
  } catch (cause) {
    await app.close()
    throw cannotListen(settings, cause)
  }
}

/** The message of the very first start, shown once: the passwords and keys that it created. */
export function welcome(url: string, { email, password, key }: FirstLogin): string {
  const given = "(as given in the environment)"
  return [
    "",
    "  Jackfield is ready. This is shown once:",
    "",
    `    URL       ${url}`,
    `    E-mail    ${email}`,
    `    Password  ${password ?? given}`,
    `    API key   ${key ?? given}`,
    "",
    "",
  ].join("\n")
}

async function drain(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

/** Updates the URL in the CLI's file: the port may differ from last time, the key stays. */
async function noteForCli(dataDir: string, url: string): Promise<void> {
  const file = await readCliFile(dataDir)
  if (file !== undefined && file.url !== url) await writeCliFile(dataDir, { url, key: file.key })
}

function cannotListen({ host, port }: Settings, cause: unknown): PlatformError {
  const { code } = cause as NodeJS.ErrnoException
  const why =
    code === "EADDRINUSE"
      ? "another process is already listening there; stop it, or set PORT to another port"
      : code === "EACCES"
        ? "this user has no permission; choose a port above 1023"
        : "see the cause"
  return new PlatformError("internal", `The hub cannot listen on ${host}:${port}: ${why}.`, { cause })
}
