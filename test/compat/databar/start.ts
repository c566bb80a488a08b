import type { Answer } from "../../support/ask.ts"
import type { TestHub } from "../../support/hub.ts"
import { startHub } from "../../support/hub.ts"

/** A hub as Databar's clients use it: with `x-apikey` and paths below `/databar`. */
export interface Databar {
  readonly hub: TestHub
  /** Sends a request; a `key` of null sends no credentials. */
  call(method: string, path: string, body?: unknown, options?: { readonly key?: string | null; readonly headers?: Record<string, string> }): Promise<Answer>
  create(body: unknown, key?: string): Promise<Answer>
  list(key?: string): Promise<Answer>
  /** A separate workspace with that plan, and an admin's key for it. */
  workspace(plan?: object): Promise<string>
  stop(): Promise<void>
}

export async function startDatabar(): Promise<Databar> {
  const hub = await startHub()
  let count = 0
  const call: Databar["call"] = (method, path, body, { key = hub.key, headers = {} } = {}) =>
    hub.call(method, `/databar${path}`, body, { key: null, headers: { ...(key === null ? {} : { "x-apikey": key }), ...headers } })
  return {
    hub,
    call,
    create: (body, key = hub.key) => call("POST", "/v1/connectors/", body, { key }),
    list: (key = hub.key) => call("GET", "/v1/connectors/", undefined, { key }),
    workspace: async (plan = {}) => {
      const { id, key } = await hub.workspace(`databar-${++count}`)
      const { status } = await hub.call("PATCH", `/v1/workspaces/${id}`, { plan })
      if (status !== 200) throw new Error(`The plan was not taken: ${status}`)
      return key
    },
    stop: () => hub.stop(),
  }
}
