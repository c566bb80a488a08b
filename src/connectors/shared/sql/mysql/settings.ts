import type { Access, BeginOptions } from "../wire.ts"
import { isServerError } from "./errors.ts"
import { type MysqlLine, run } from "./pages.ts"

/** The requirements of a transaction on its session. */
export interface SessionNeeds extends Pick<BeginOptions, "maxRows" | "byCaller"> {
  readonly access: Access
  /** The longest that a statement may run. */
  readonly longestMs: number
}

/** Assignments of one SET. Systems that speak the protocol may lack the optional ones. */
export type SessionSettings = Readonly<Record<"needed" | "optional", readonly string[]>>

/** The settings of a transaction; `mariadb` as the greeting says. */
export type SettingsOf = (needs: SessionNeeds, mariadb: boolean) => SessionSettings

/** Applies the settings to one connection, and remembers which ones its server does not have. */
export class Settings {
  readonly #line: MysqlLine
  readonly #of: SettingsOf
  readonly #refused = new Set<string>()

  constructor(line: MysqlLine, of: SettingsOf) {
    this.#line = line
    this.#of = of
  }

  /** Applies the settings. Some systems that speak the protocol lack some of the optional ones; the others are still set. */
  async set(needs: SessionNeeds): Promise<void> {
    const { needed, optional } = this.#of(needs, this.#line.mariadb)
    const known = optional.filter((each) => !this.#refused.has(nameIn(each)))
    try {
      await this.#run([...needed, ...known])
      return
    } catch (error) {
      if (!isServerError(error)) throw error
    }
    await this.#run(needed)
    for (const each of known)
      try {
        await this.#run([each])
      } catch (error) {
        if (!isServerError(error)) throw error
        this.#refused.add(nameIn(each))
      }
  }

  async #run(some: readonly string[]): Promise<void> {
    await run(this.#line, `SET ${some.join(", ")}`, [])
  }
}

const nameIn = (assignment: string): string => assignment.split(" ", 1)[0] ?? ""
