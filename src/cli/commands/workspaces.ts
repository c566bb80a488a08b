import type { Wire } from "../../wire.ts"
import { readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { facts, table } from "../table.ts"

type Workspace = Wire["Workspace"]

const pathOf = (ref: string): string => `/v1/workspaces/${encodeURIComponent(ref)}`
const planOf = ({ plan }: Workspace): string =>
  Object.entries(plan)
    .map(([name, most]) => `${name} ${typeof most === "number" ? most : JSON.stringify(most)}`)
    .join(", ") || "no limits"

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const page = await readAll<Workspace>(await hub(), "/v1/workspaces")
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((each) => [String(each.serial), each.name, each.title, planOf(each), when(each.createdAt), each.id])
    await terminal.write(table(["NO", "NAME", "TITLE", "PLAN", "MADE", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export async function show(cli: Cli, ref: string): Promise<Exit> {
  return print(cli, await (await cli.hub()).get<Workspace>(pathOf(ref)))
}

async function print({ terminal }: Cli, found: Workspace): Promise<Exit> {
  if (terminal.json) await terminal.document(found)
  else {
    const rows = [
      ["name", found.name],
      ["title", found.title],
      ["number", String(found.serial)],
      ["plan", planOf(found)],
      ["made", when(found.createdAt)],
      ["id", found.id],
    ] as const
    await terminal.write(facts(rows, terminal.dim))
  }
  return EXIT.ok
}

/** Creates a workspace. Its admin key is the only line on stdout, for use in scripts. */
export async function create({ terminal, hub }: Cli, name: string, options: { readonly title?: string }): Promise<Exit> {
  const made = await (await hub()).post<Wire["NewWorkspace"]>("/v1/workspaces", { name, title: options.title })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Created the workspace ${made.name}; its admin key is shown only now:`)
    await terminal.line(made.key)
  }
  return EXIT.ok
}

export async function rename(cli: Cli, ref: string, { name, title }: { readonly name?: string; readonly title?: string }): Promise<Exit> {
  if (name === undefined && title === undefined) throw usage("There is nothing to change.", "Use --name, --title or both.")
  return print(cli, await (await cli.hub()).patch<Workspace>(pathOf(ref), { name, title }))
}

type Limit = number | "none"

export interface PlanOptions {
  readonly httpConnectors?: Limit
  readonly ratePerMinute?: Limit
  readonly concurrency?: Limit
  readonly uploadBytes?: Limit
  readonly versions?: Limit
  readonly idempotencyKeys?: Limit
  readonly keptAnswerBytes?: Limit
  readonly connectors?: Limit
  readonly keys?: Limit
  readonly users?: Limit
  readonly webhooks?: Limit
  readonly auditEntries?: Limit
  readonly unreadAnswerBytes?: Limit
  readonly testsPerMinute?: Limit
  readonly testsAtOnce?: Limit
}

export async function plan(cli: Cli, ref: string, options: PlanOptions): Promise<Exit> {
  const { testsPerMinute: _perMinute, testsAtOnce: _atOnce, ...plain } = options
  const limits = Object.fromEntries(Object.entries(plain).map(([name, most]) => [name, most === "none" ? null : most]))
  const changes = { ...limits, ...testsOf(options) }
  if (Object.values(changes).every((each) => each === undefined)) throw usage("There is nothing to change.", "Use one of the limits; see --help.")
  return print(cli, await (await cli.hub()).patch<Workspace>(pathOf(ref), { plan: changes }))
}

/**
 * The limits on tests in a plan. A workspace without its own limits has the hub's; both numbers are set or removed
 * together.
 */
function testsOf({ testsPerMinute: perMinute, testsAtOnce: concurrency }: PlanOptions): { tests?: { perMinute?: Limit; concurrency?: Limit } | null } {
  const given = [perMinute, concurrency].filter((each) => each !== undefined)
  if (given.length === 0) return {}
  if (given.every((each) => each === "none")) return { tests: null }
  if (given.includes("none")) throw usage("--tests-per-minute and --tests-at-once are removed together.", "Use only one of them, with `none`.")
  return { tests: { ...(perMinute === undefined ? {} : { perMinute }), ...(concurrency === undefined ? {} : { concurrency }) } }
}

export async function remove({ terminal, hub }: Cli, ref: string, { name }: { readonly name: string }): Promise<Exit> {
  await (await hub()).remove(`${pathOf(ref)}?${new URLSearchParams({ name }).toString()}`)
  if (terminal.json) await terminal.document({ removed: { name } })
  else await terminal.line(`Removed the workspace ${name} and everything in it.`)
  return EXIT.ok
}
