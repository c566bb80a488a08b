import { createRequire } from "node:module"
import { resolve } from "node:path"
import type { FastifyInstance } from "fastify"
import type { Logger } from "pino"
import { buildServer, type ServerOptions } from "./api/server.ts"
import { compatibleApis } from "./compat/index.ts"
import { PlatformError } from "./core/errors.ts"
import { readCliFile, urlOf, writeCliFile } from "./hub/base/cli-file.ts"
import type { Settings } from "./hub/base/settings.ts"
import type { FirstLogin } from "./hub/first-start.ts"
import { type Hub, type HubExtras, openHub } from "./hub/hub.ts"
import { tryPort } from "./net/try-port.ts"
import { hasPlace } from "./store/place.ts"

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

export interface ServeOptions extends HubExtras {
  /** Ends the start, which then leaves no process behind; the error is its reason. */
  readonly signal?: AbortSignal
  /** Shows the login of the very first start, before it is stored. */
  readonly showLogin?: (url: string, login: FirstLogin) => void
}

/**
 * Opens the hub, listens, and lets a new hub have its first login. Requests are answered once all of that is done. Throws
 * a PlatformError with the next step if anything fails; then nothing is running, and a new hub is still new.
 */
export async function serve(settings: Settings, log: Logger, options: ServeOptions = {}): Promise<Served> {
  const { showLogin, ...forHub } = options
  // A port that is taken is said before anything is made or migrated.
  const cause = await tryPort(settings.host, settings.port)
  const fault = cause === undefined ? undefined : cannotListen(settings, cause)
  // A data folder that is in use has a better message: the hub that has the port is probably this one.
  if (fault !== undefined && (settings.databaseUrl !== undefined || !(await hasPlace(settings.dataDir)))) throw fault
  const beforeMigration = (): void => {
    if (fault !== undefined) throw fault
  }
  const hub = await openHub(settings, log, { ...forHub, beforeMigration })
  const opened = Promise.withResolvers<void>()
  let app: FastifyInstance | undefined
  try {
    app = await buildServer(hub, { ...serverOptions(settings), opened: opened.promise })
    await app.listen({ host: settings.host, port: settings.port }).catch((cause: unknown) => {
      throw cannotListen(settings, cause)
    })
    const address = app.server.address()
    const port = typeof address === "object" && address !== null ? address.port : settings.port
    const url = urlOf(settings.host, port)
    await hub.listensOn({ address: settings.host === "localhost" ? "127.0.0.1" : settings.host, port }, url)
    options.signal?.throwIfAborted()
    if (!(await hub.firstStart({ url, show: (login) => showLogin?.(url, login) }))) await noteForCli(resolve(settings.dataDir), url)
    opened.resolve()
    return { url, hub, stop: stopOf(app, hub) }
  } catch (error) {
    opened.resolve()
    app?.server.closeAllConnections()
    await app?.close()
    await hub.close()
    throw error
  }
}

const serverOptions = ({ compatHosts, trustProxy }: Settings): ServerOptions => ({
  version: VERSION,
  mounts: compatibleApis,
  mountHosts: compatHosts,
  trustProxy,
})

/** A stop that is called twice is one stop. */
function stopOf(app: FastifyInstance, hub: Hub): () => Promise<void> {
  let stopping: Promise<void> | undefined
  return () => {
    stopping ??= drain(app).then(() => hub.close())
    return stopping
  }
}

/** The message of the very first start, shown once: the passwords and keys that it creates. */
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
