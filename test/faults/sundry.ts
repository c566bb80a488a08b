import { createHash, randomBytes } from "node:crypto"
import type { HubProcess } from "../support/hub-process.ts"

/** Sends files, and creates keys with an Idempotency-Key, one request at a time, and remembers the acknowledged writes. */
export class Sundry {
  acknowledged = 0
  readonly #apiKey: string
  readonly #prefix: string
  /** The SHA-256 of every file that was sent, by its name. */
  readonly #sent = new Map<string, string>()
  readonly #uploads = new Map<string, string>()
  readonly #keys = new Set<string>()
  /** The key whose request got no answer. */
  #doubtful: string | undefined
  #step = 0

  constructor(prefix: string, apiKey: string) {
    this.#prefix = prefix
    this.#apiKey = apiKey
  }

  /** Writes until the hub is gone. */
  async run(hub: HubProcess): Promise<void> {
    const url = await hub.ready
    for (;;) {
      const name = `${this.#prefix}-${++this.#step}`
      const done = await (this.#step % 2 === 0 ? this.#upload(url, name) : this.#key(hub, name)).catch(() => undefined)
      if (done === undefined) return
      if (done !== 201) throw new Error(`${name}: ${done}`)
      this.acknowledged++
    }
  }

  async #upload(url: string, name: string): Promise<number> {
    const body = randomBytes(1 + Math.floor(Math.random() * 3_000_000))
    this.#sent.set(name, createHash("sha256").update(body).digest("hex"))
    const headers = { authorization: `Bearer ${this.#apiKey}`, "content-type": "application/octet-stream" }
    const answer = await fetch(`${url}/v1/uploads?name=${name}`, { method: "POST", headers, body })
    const made = (await answer.json()) as { id: string }
    if (answer.status === 201) this.#uploads.set(made.id, name)
    return answer.status
  }

  async #key(hub: HubProcess, name: string): Promise<number> {
    this.#doubtful = name
    const { status } = await this.#askForKey(hub, name)
    this.#doubtful = undefined
    if (status === 201) this.#keys.add(name)
    return status
  }

  #askForKey(hub: HubProcess, name: string) {
    return hub.call("POST", "/v1/keys", { name, role: "viewer" }, { key: this.#apiKey, headers: { "idempotency-key": name } })
  }

  /** One sentence for each acknowledged write that is lost or was made twice. The request in doubt is repeated, as a client would do. */
  async settle(hub: HubProcess): Promise<string[]> {
    const doubtful = this.#doubtful
    if (doubtful !== undefined && (await this.#askForKey(hub, doubtful)).status === 201) this.#keys.add(doubtful)
    this.#doubtful = undefined
    const keys = (await all(hub, "/v1/keys", this.#apiKey)).map((key) => String(key["name"]))
    const uploads = await all(hub, "/v1/uploads", this.#apiKey)
    const wrong: string[] = []
    for (const name of new Set([...this.#keys, ...(doubtful === undefined ? [] : [doubtful])])) {
      const count = keys.filter((each) => each === name).length
      if (count > 1 || (count === 0 && this.#keys.has(name))) wrong.push(`the key ${name} is there ${count} times`)
    }
    for (const [id, name] of this.#uploads) if (!uploads.some((upload) => upload["id"] === id)) wrong.push(`the upload ${name} is gone`)
    for (const { name, sha256 } of uploads as { name: string; sha256: string }[])
      if (name.startsWith(`${this.#prefix}-`) && this.#sent.get(name) !== sha256) wrong.push(`the upload ${name} is not what was sent`)
    return wrong
  }
}

/** All elements of a list, from all of its pages. */
async function all(hub: HubProcess, path: string, key: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  let cursor: string | null = null
  do {
    const answer = await hub.call("GET", `${path}?limit=100${cursor === null ? "" : `&cursor=${cursor}`}`, undefined, { key })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    found.push(...(answer.body.data as Record<string, unknown>[]))
    cursor = answer.body.nextCursor as string | null
  } while (cursor !== null)
  return found
}
