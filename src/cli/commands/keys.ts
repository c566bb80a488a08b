import type { Cli } from "../cli.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import { table } from "../table.ts"
import { readAll, when } from "./wire.ts"

interface Key {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: string
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const page = await readAll<Key>(await hub(), "/v1/keys")
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((key) => [key.name, `${key.prefix}…`, key.role, when(key.createdAt), when(key.expiresAt), when(key.lastUsedAt), key.id])
    await terminal.write(table(["NAME", "KEY", "ROLE", "MADE", "EXPIRES", "USED", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export interface CreateOptions {
  readonly name: string
  readonly role: string
  readonly expires?: string
  readonly prefix?: string
}

/** Makes a key. Its value is the one line on stdout, so that a script can take it. */
export async function create({ terminal, hub }: Cli, options: CreateOptions): Promise<Exit> {
  const made = await (await hub()).post<Key & { readonly key: string }>("/v1/keys", {
    name: options.name,
    role: options.role,
    ...(options.expires === undefined ? {} : { expiresAt: expiry(options.expires, Date.now()) }),
    ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
  })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Made the key ${made.name} (${made.role}${made.expiresAt === null ? "" : `, until ${when(made.expiresAt)}`}); it is shown this once:`)
    await terminal.line(made.key)
  }
  return EXIT.ok
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90d`, `12h`, `30m` from `now`, or an ISO 8601 time with its zone; as the API takes it. */
export function expiry(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return new Date(now + Number(count) * (UNITS[unit] ?? 0)).toISOString()
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString()
  throw usage("--expires must be like 90d, 12h, 30m or 2027-01-31T00:00:00Z.")
}

export async function revoke({ terminal, hub }: Cli, wanted: string): Promise<Exit> {
  const client = await hub()
  const { data } = await readAll<Key>(client, "/v1/keys")
  const [found, ...others] = data.filter((key) => key.id === wanted || key.name === wanted)
  if (found === undefined)
    throw new Failure(EXIT.notFound, { code: "not_found", detail: "There is no live key of that id or name.", next: "See `jackfield keys list`." })
  if (others.length > 0) throw usage("Several keys have that name.", "Give the id; see `jackfield keys list`.")
  await client.remove(`/v1/keys/${encodeURIComponent(found.id)}`)
  if (terminal.json) await terminal.document({ revoked: { id: found.id, name: found.name } })
  else await terminal.line(`Revoked ${found.name}.`)
  return EXIT.ok
}
