import type { Call } from "../../../core/call.ts"
import type { ServerFacts } from "../../../core/connector.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Value } from "../../../core/values.ts"
import { type Dialect, qualified, quotedText } from "./dialect.ts"
import { grantOf, nextOf, visibly } from "./grants.ts"
import type { Shown } from "./show.ts"
import { byName, type SqlConnection } from "./wire.ts"

type Naming = Pick<Dialect<never>, "product" | "ident">

/** What the server says of a session, by our names; null where it has none. */
export type Known<N extends string> = Readonly<Partial<Record<N, Value>>>

/** Something that the connector names, and that must be there: a database, a schema, a warehouse. */
export interface Place {
  readonly kind: "warehouse" | "database" | "schema"
  readonly path: readonly string[]
  /** The session says that it is not taken, though it may be shown. */
  readonly refused?: boolean
}

type Places = Readonly<Partial<Record<Place["kind"], Shown["rows"][number]>>>

/** The facts of a warehouse whose statements of metadata wake nothing that costs. `N` are the names of the facts. */
export interface WarehouseFacts<C, N extends string> {
  readonly dialect: Naming
  /** What is asked by `CURRENT_…()`, and told in `details`; `role` is in messages too. */
  readonly asks: readonly N[]
  /** What the connector names, from the outside in. */
  places(client: C, known: Known<N>): readonly Place[]
  /** `shown` are the rows of SHOW for these places, by their kinds. */
  warnings(known: Known<N>, shown: Places): readonly (string | false)[]
}

/** Three stages: the login, whether what the connector names may be used, and what answers. Servers take wrong names without a word until a statement needs them. */
export const warehouseFacts =
  <C extends SqlConnection<never>, N extends string>({ dialect, asks, places, warnings }: WarehouseFacts<C, N>) =>
  async (client: C, call: Call): Promise<ServerFacts> => {
    const rowsOf = async (sql: string) => byName(await client.wire.run(sql, [], call, true))
    let refused: PlatformError | undefined
    const known = await call.stage("auth", async (): Promise<Known<N>> => {
      try {
        const [row = {}] = await rowsOf(`SELECT ${asks.map((name) => `CURRENT_${name.toUpperCase()}() AS THE_${name.toUpperCase()}`).join(", ")}`)
        return Object.fromEntries(asks.map((name) => [name, row[`the_${name}`] ?? null])) as Known<N>
      } catch (error) {
        if (!(error instanceof PlatformError) || !["permission_denied", "database_not_found"].includes(error.code)) throw error
        // The login is good, and what it names is not the user's.
        refused = error
        return {} as Known<N>
      }
    })
    const found: Partial<Record<Place["kind"], Shown["rows"][number]>> = {}
    await call.stage("permission", async () => {
      if (refused) throw refused
      for (const place of places(client, known)) {
        // Patterns ignore case and have wildcards; the name itself decides.
        const row = (await rowsOf(shown(dialect, place))).find(({ name }) => name === place.path.at(-1))
        if (place.refused === true || row === undefined) throw unusable(dialect, place, textOf((known as Known<string>)["role"]))
        found[place.kind] = row
      }
    })
    const version = await call.stage("probe", async () => (await rowsOf("SELECT CURRENT_VERSION() AS VERSION"))[0]?.["version"])
    const warned = warnings(known, found).filter((warning) => warning !== false)
    return {
      product: dialect.product,
      ...(version ? { version: String(version) } : {}),
      details: Object.fromEntries(asks.flatMap((name) => (known[name] ? [[name, String(known[name])]] : []))),
      ...(warned.length === 0 ? {} : { warnings: warned }),
    }
  }

const textOf = (value: Value | undefined): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

/** A statement whose rows have the column `name`. */
function shown(dialect: Naming, { kind, path }: Place): string {
  const within = path.length === 1 ? "" : ` IN DATABASE ${qualified(dialect, path.slice(0, -1))}`
  return `SHOW ${kind.toUpperCase()}S LIKE ${quotedText(path.at(-1) ?? "")}${within}`
}

function unusable(dialect: Naming, { kind, path }: Place, role: string | undefined): PlatformError {
  const code = kind === "warehouse" ? "permission_denied" : "database_not_found"
  const name = path.at(-1) ?? ""
  const [spell, on] = [visibly(dialect.ident), kind.toUpperCase()]
  const to = role === undefined ? undefined : spell(role)
  const remedies = to === undefined ? [] : grantOf(spell, { privileges: ["USAGE"], on, path }, `ROLE ${to}`)
  const message = `There is no ${kind} ${name}, or the role ${role ?? "of the user"} may not use it; check the name, upper and lower case too, or ${nextOf(remedies, "grant it USAGE")}.`
  return new PlatformError(code, message, { details: { [kind]: name }, remedies })
}
