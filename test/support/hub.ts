import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readCliFile } from "../../src/hub/base/cli-file.ts"
import { readSettings } from "../../src/hub/base/settings.ts"
import type { HubExtras } from "../../src/hub/hub.ts"
import { createLog } from "../../src/log.ts"
import { type Served, serve } from "../../src/serve.ts"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer's fields and asserts on them.
  readonly body: any
  readonly text: string
}

/** A real hub in this process: embedded PostgreSQL in a folder of its own, a free port, the first admin's key. */
export interface TestHub {
  readonly url: string
  readonly key: string
  readonly dataDir: string
  readonly served: Served
  /** What the hub logged so far. */
  log(): string
  /** A request with JSON in and out; `key` null sends none. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { readonly key?: string | null; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Answer>
  /** An API key of that role in the hub's first workspace, or in the one whose admin's key is given. */
  keyFor(role: "viewer" | "editor" | "admin", by?: string): Promise<string>
  /** Another workspace, with an admin key of its own: an admin who is no operator. */
  workspace(name: string): Promise<{ readonly id: string; readonly key: string }>
  stop(): Promise<void>
}

export async function startHub(env: Readonly<Record<string, string>> = {}, extras: HubExtras = {}): Promise<TestHub> {
  const dataDir = await mkdtemp(join(tmpdir(), "jackfield-hub-"))
  const lines: string[] = []
  const log = createLog("debug", { write: (line: string) => void lines.push(line) })
  const served = await serve(readSettings({ PORT: "0", JACKFIELD_DATA: dataDir, ...env }), log, extras)
  const { key } = (await readCliFile(dataDir)) ?? { key: "" }
  const call: TestHub["call"] = async (method, path, body, options = {}) => {
    const credential = options.key === undefined ? key : options.key
    const response = await fetch(served.url + path, {
      method,
      headers: {
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parsed(text, response.headers.get("content-type") ?? "") }
  }
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
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function parsed(text: string, type: string): unknown {
  return /^application\/(problem\+)?json/.test(type) ? JSON.parse(text) : text
}
