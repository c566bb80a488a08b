import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { readCliFile } from "../../src/hub/base/cli-file.ts"
import { readSettings } from "../../src/hub/base/settings.ts"
import type { HubExtras } from "../../src/hub/hub.ts"
import { createLog } from "../../src/log.ts"
import { type Served, serve } from "../../src/serve.ts"
import { type Answer, type AskOptions, ask } from "./ask.ts"
import { keepFolder } from "./keeper.ts"
import { template } from "./template.ts"

/** A real hub in this process: embedded PostgreSQL in a folder of its own, a free port, the first admin's key. */
export interface TestHub {
  readonly url: string
  readonly key: string
  readonly dataDir: string
  readonly served: Served
  /** What the hub logged so far. */
  log(): string
  /** A request with the first admin's key unless another is given. */
  call(method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer>
  /** An API key of that role in the hub's first workspace, or in the one whose admin's key is given. */
  keyFor(role: "viewer" | "editor" | "admin", by?: string): Promise<string>
  /** Another workspace, with an admin key of its own: an admin who is no operator. */
  workspace(name: string): Promise<{ readonly id: string; readonly key: string }>
  stop(): Promise<void>
}

const MASTER_KEY = randomBytes(32).toString("base64")

/** The environment of nodes that are one hub on that database. */
export const nodeOn = (database: { readonly url: string }): Readonly<Record<string, string>> => ({
  DATABASE_URL: database.url,
  JACKFIELD_MASTER_KEY: MASTER_KEY,
  JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8",
})

/** Variables that a first start does not look at: with these alone a hub may begin in a copy of one that was started before. */
const LATER = /^(PORT|HOST|JACKFIELD_(EGRESS_ALLOW|ROLE|DNS|HOSTS|TRUST_PROXY|COMPAT_HOSTS|LOG))$/
const copyDataFolder = template(async (folder) => {
  const served = await serve(readSettings({ PORT: "0", JACKFIELD_DATA: folder }), createLog("silent", { write: () => undefined }))
  await served.stop()
})

/** Starts a hub. Where nothing speaks against it, its data folder is the copy of one that was started once before: with a login and an empty workspace. */
export async function startHub(env: Readonly<Record<string, string>> = {}, extras: HubExtras = {}): Promise<TestHub> {
  const kept = keepFolder("hub")
  const dataDir = join(kept.path, "data")
  kept.holdsPostgres(join(dataDir, "postgres", "cluster"))
  if (Object.keys(env).every((name) => LATER.test(name))) await copyDataFolder(dataDir)
  const lines: string[] = []
  const log = createLog("debug", { write: (line: string) => void lines.push(line) })
  const served = await serve(readSettings({ PORT: "0", JACKFIELD_DATA: dataDir, ...env }), log, extras).catch(async (cause: unknown) => {
    await kept.close()
    throw cause
  })
  const { key } = (await readCliFile(dataDir)) ?? { key: "" }
  const call: TestHub["call"] = (method, path, body, options) => ask(served.url + path, method, body, { key, ...options })
  const keyFor: TestHub["keyFor"] = async (role, by) => {
    const { body } = await call("POST", "/v1/keys", { name: `test ${role}`, role }, by === undefined ? {} : { key: by })
    return body.key as string
  }
  return {
    url: served.url,
    key,
    dataDir,
    served,
    log: () => lines.join(""),
    call,
    keyFor,
    workspace: async (name) => {
      const { body } = await call("POST", "/v1/workspaces", { name })
      return { id: body.id as string, key: body.key as string }
    },
    stop: async () => {
      await served.stop()
      await kept.close()
    },
  }
}
