import type { Wire } from "../../wire.ts"
import { readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { agreed, type ConsentOptions } from "../consent.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import { limitOf, type ScopeOptions, scopeIn } from "../scope.ts"
import { facts, table } from "../table.ts"

type Key = Wire["Key"]

const pathOf = (id: string, rest = ""): string => `/v1/keys/${encodeURIComponent(id)}${rest}`

export interface ListOptions {
  readonly status?: string
  readonly role?: string
  readonly search?: string
}

export async function list({ terminal, hub }: Cli, { status, role, search }: ListOptions): Promise<Exit> {
  const page = await readAll<Key>(await hub(), "/v1/keys", { status, role, q: search })
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((key) => [
      key.name,
      `${key.prefix}…`,
      `${key.role}${key.status === "live" ? "" : `, ${key.status}`}`,
      when(key.createdAt),
      makerOf(key),
      when(key.expiresAt),
      when(key.lastUsedAt),
      key.id,
    ])
    await terminal.write(table(["NAME", "KEY", "ROLE", "MADE", "BY", "EXPIRES", "USED", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

const makerOf = ({ createdBy }: Key): string => createdBy?.name ?? createdBy?.id ?? "-"

export async function show(cli: Cli, wanted: string): Promise<Exit> {
  return print(cli, await named(await cli.hub(), wanted, "all"))
}

async function print({ terminal }: Cli, key: Key): Promise<Exit> {
  if (terminal.json) await terminal.document(key)
  else {
    const rows = [
      ["name", key.name],
      ["key", `${key.prefix}…`],
      ["role", key.role],
      ["limited to", limitOf(key.scope)],
      ["status", key.status],
      ["created", `${when(key.createdAt)} by ${makerOf(key)}`],
      ["expires", key.expiresAt === null ? "never" : when(key.expiresAt)],
      ["last used", when(key.lastUsedAt)],
      ["id", key.id],
    ] as const
    await terminal.write(facts(rows, terminal.dim))
  }
  return EXIT.ok
}

export interface CreateOptions extends ScopeOptions {
  readonly name: string
  readonly role: string
  readonly expires?: string
  readonly prefix?: string
}

/** Creates a key. Its value is the only line on stdout, for use in scripts. */
export async function create({ terminal, hub }: Cli, options: CreateOptions): Promise<Exit> {
  const made = await (await hub()).post<Wire["NewKey"]>("/v1/keys", {
    name: options.name,
    role: options.role,
    ...(options.expires === undefined ? {} : { expiresAt: expiry(options.expires, Date.now()) }),
    ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
    ...scopeIn(options),
  })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Created the key ${made.name} (${made.role}${made.expiresAt === null ? "" : `, until ${when(made.expiresAt)}`}); it is shown only now:`)
    await terminal.line(made.key)
  }
  return EXIT.ok
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Converts `90d`, `12h` or `30m` from `now`, or an ISO 8601 time with its zone, to the API's format. */
export function expiry(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return new Date(now + Number(count) * (UNITS[unit] ?? 0)).toISOString()
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString()
  throw usage("--expires must be a duration such as 90d, 12h or 30m, or a time such as 2027-01-31T00:00:00Z.")
}

export async function rename(cli: Cli, wanted: string, name: string): Promise<Exit> {
  const client = await cli.hub()
  return print(cli, await client.patch<Key>(pathOf((await named(client, wanted, "all")).id), { name }))
}

/** Creates a key that replaces another one. Its value is the only line on stdout. */
export async function rotate({ terminal, hub }: Cli, wanted: string, { grace }: { readonly grace: string }): Promise<Exit> {
  const graceMinutes = minutes(grace)
  const client = await hub()
  const found = await named(client, wanted, "live")
  const made = await client.post<Wire["RotatedKey"]>(pathOf(found.id, "/rotate"), { graceMinutes })
  if (terminal.json) await terminal.document(made)
  else {
    const old = made.replaces.status === "revoked" ? "is no longer valid" : `stays valid until ${when(made.replaces.expiresAt)}`
    terminal.note(`Created a new key ${made.name}; the old one ${old}. The new one is shown only now:`)
    await terminal.line(made.key)
  }
  return EXIT.ok
}

function minutes(text: string): number {
  const [, count, unit] = /^(\d{1,5})([mhd]?)$/.exec(text) ?? []
  if (count === undefined || (unit === "" && count !== "0")) throw usage("--grace must be 0 or a duration such as 30m, 12h or 7d.")
  return unit === "" ? 0 : (Number(count) * (UNITS[unit ?? ""] ?? 0)) / 60_000
}

/** Ends a live key immediately, by id or name. */
export async function revoke({ terminal, hub }: Cli, wanted: string, options: ConsentOptions): Promise<Exit> {
  const client = await hub()
  const found = await named(client, wanted, "live")
  if (!(await agreed(terminal, options, "Revoking a key", `Revoke ${found.name} (${found.prefix}…)? Requests that use it will fail immediately.`)))
    return EXIT.failed
  await client.remove(pathOf(found.id))
  if (terminal.json) await terminal.document({ revoked: { id: found.id, name: found.name } })
  else await terminal.line(`Revoked ${found.name}.`)
  return EXIT.ok
}

/** Finds a key by id, or by a name that no other key has. */
async function named(client: HubClient, wanted: string, status: "live" | "all"): Promise<Key> {
  const { data } = await readAll<Key>(client, "/v1/keys", { status })
  const [found, ...others] = data.filter((key) => key.id === wanted || key.name === wanted)
  if (found === undefined)
    throw new Failure(EXIT.notFound, { code: "not_found", detail: "There is no key with that id or name.", next: "See `jackfield keys list`." })
  if (others.length > 0) throw usage("Several keys have that name.", "Use the id; see `jackfield keys list`.")
  return found
}
