import type { Answer } from "../support/ask.ts"

/** A login at the target; a connector's password is right only together with its user. */
export interface Login {
  readonly user: string
  readonly password: string
}

/** What the hub acknowledged of one connector; undefined: that it is deleted. */
interface Known {
  readonly version: number
  readonly user: string
  readonly fingerprint: string
}

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** One connector as a list shows it. */
export interface Listed {
  readonly name: string
  readonly version: number
  readonly config: { readonly user: string; readonly password: { readonly fingerprint: string } }
}

/** Makes, changes and deletes connectors of its own, one request at a time, and remembers what was acknowledged. */
export class Writer {
  acknowledged = 0
  readonly #prefix: string
  readonly #target: { readonly host: string; readonly port: number }
  readonly #logins: readonly Login[]
  readonly #known = new Map<string, Known | undefined>()
  /** The one whose last request got no answer: it may have happened or not. */
  #doubtful: string | undefined
  #made = 0
  #step = 0

  constructor(prefix: string, target: { readonly host: string; readonly port: number }, logins: readonly Login[]) {
    this.#prefix = prefix
    this.#target = target
    this.#logins = logins
  }

  /** Writes until the hub is gone. An answer that is no success is an error: nothing here is refused by a hub that works. */
  async run(call: Call): Promise<void> {
    for (;;) {
      const live = this.live()
      const pick = live[this.#step % Math.max(1, live.length)]
      const kind = pick === undefined || live.length < 8 ? 0 : this.#step % 3
      this.#step++
      const login = this.#logins[this.#step % this.#logins.length] as Login
      const name = kind === 0 || pick === undefined ? `${this.#prefix}-${++this.#made}` : pick
      this.#doubtful = name
      const answer = await this.#write(call, kind, name, login).catch(() => undefined)
      if (answer === undefined) return
      if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.text}`)
      this.#known.set(name, kind === 2 ? undefined : knownOf(answer.body as Listed))
      this.#doubtful = undefined
      this.acknowledged++
    }
  }

  #write(call: Call, kind: number, name: string, login: Login): Promise<Answer> {
    const config = { ...login, ...this.#target, database: "postgres", tls: { kind: "off" } }
    if (kind === 0) return call("POST", "/v1/connectors", { name, type: "postgres", config })
    return kind === 1 ? call("PATCH", `/v1/connectors/${name}`, { config: login }) : call("DELETE", `/v1/connectors/${name}`)
  }

  /** Names that are acknowledged to exist. */
  live(): string[] {
    return [...this.#known].filter(([, known]) => known !== undefined).map(([name]) => name)
  }

  /** Compares with what the hub has now; one sentence per acknowledged write that is lost. What was in doubt is taken as it is. */
  settle(listed: ReadonlyMap<string, Listed>): string[] {
    const doubtful = this.#doubtful
    this.#doubtful = undefined
    if (doubtful !== undefined) {
      const lost = this.#settleDoubt(doubtful, listed.get(doubtful))
      if (lost.length > 0) return lost
    }
    return [...this.#known].flatMap(([name, known]) => {
      const found = listed.get(name)
      if (known === undefined) return found === undefined ? [] : [`${name} was deleted and is back`]
      if (found === undefined) return [`${name} is gone`]
      const now = knownOf(found)
      return JSON.stringify(now) === JSON.stringify(known) ? [] : [`${name} is ${JSON.stringify(now)} instead of ${JSON.stringify(known)}`]
    })
  }

  /** It is either as it was, or one write further; a connector whose create was in doubt may be there in its first version. */
  #settleDoubt(name: string, found: Listed | undefined): string[] {
    const before = this.#known.get(name)
    const least = before?.version ?? 1
    if (found !== undefined && (found.version < least || found.version > (before === undefined ? 1 : least + 1)))
      return [`${name} went from version ${before?.version ?? "none"} to ${found.version} by one write`]
    this.#known.set(name, found === undefined ? undefined : knownOf(found))
    return []
  }
}

const knownOf = (each: Listed): Known => ({ version: each.version, user: each.config.user, fingerprint: each.config.password.fingerprint })
