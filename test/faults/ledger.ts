import type { Answer } from "../support/ask.ts"

/** A login at the target; a connector's password is correct only with its own user. */
export interface Login {
  readonly user: string
  readonly password: string
}

/** The last acknowledged state of one connector; undefined: deleted. */
interface Known {
  readonly version: number
  readonly user: string
  readonly fingerprint: string
}

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** One connector in a list. */
export interface Listed {
  readonly name: string
  readonly version: number
  readonly config: { readonly user: string; readonly password: { readonly fingerprint: string } }
}

/** Creates, changes and deletes its own connectors, one request at a time, and remembers the acknowledged writes. */
export class Writer {
  acknowledged = 0
  readonly #prefix: string
  readonly #target: { readonly host: string; readonly port: number }
  readonly #logins: readonly Login[]
  readonly #known = new Map<string, Known | undefined>()
  /** The connector whose last request got no answer, so that the change may or may not have been made. */
  #doubtful: string | undefined
  #made = 0
  #step = 0

  constructor(prefix: string, target: { readonly host: string; readonly port: number }, logins: readonly Login[]) {
    this.#prefix = prefix
    this.#target = target
    this.#logins = logins
  }

  /** Writes until the hub is gone. Any answer without success is an error, because a working hub accepts all of these requests. */
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

  /** The names of connectors whose existence was acknowledged. */
  live(): string[] {
    return [...this.#known].filter(([, known]) => known !== undefined).map(([name]) => name)
  }

  /** Compares with the hub's current state; returns one sentence per lost acknowledged write. The connector in doubt is accepted as it is. */
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

  /** The connector in doubt is either unchanged, or one write further; one whose create was in doubt may exist in its first version. */
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
