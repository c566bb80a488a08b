import type { Wire } from "../../wire.ts"
import { connectorPath, type Page, queryString, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { table } from "../table.ts"

type Check = Wire["Check"]
type Result = Wire["CheckResult"]

export interface ListOptions {
  readonly state?: string
}

/** Lists every scheduled connector with its state. */
export async function list({ terminal, hub }: Cli, options: ListOptions): Promise<Exit> {
  const page = await readAll<Check>(await hub(), "/v1/checks", options.state === undefined ? {} : { state: options.state })
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0) terminal.note("There are no scheduled checks; add one with `jackfield checks set <name> --every 5m`.")
  else {
    const rows = page.data.map((each) => [each.connector.name, each.state, when(each.since), lengthOf(each.everyMs), when(each.lastCheckedAt), nextOf(each)])
    await terminal.write(table(["NAME", "STATE", "SINCE", "EVERY", "CHECKED", "NEXT"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export interface SetOptions {
  readonly every: string
  readonly timeout?: string
}

/** Schedules checks of a connector. */
export async function set({ terminal, hub }: Cli, name: string, options: SetOptions): Promise<Exit> {
  const timeoutMs = options.timeout === undefined ? {} : { timeoutMs: Math.round(Number(options.timeout) * 1_000) }
  const check = await (await hub()).put<Check>(connectorPath(name, "/check"), { everyMs: msOf(options.every), ...timeoutMs })
  if (terminal.json) await terminal.document(check)
  else await terminal.line(`${check.connector.name} is checked every ${lengthOf(check.everyMs)}.`)
  return EXIT.ok
}

export async function show({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const check = await (await hub()).get<Check>(connectorPath(name, "/check"))
  if (terminal.json) {
    await terminal.document(check)
    return EXIT.ok
  }
  await terminal.line(`${check.connector.name} is ${check.state} since ${when(check.since)}; checked every ${lengthOf(check.everyMs)}, next ${nextOf(check)}.`)
  if (check.stopped !== null) await terminal.line(`${terminal.bad("Stopped")} (${check.stopped.code}): ${check.stopped.message}`)
  return EXIT.ok
}

export interface HistoryOptions {
  readonly limit: string
}

/** Lists the results, newest first. */
export async function history({ terminal, hub }: Cli, name: string, options: HistoryOptions): Promise<Exit> {
  const page = await (await hub()).get<Page<Result>>(connectorPath(name, `/checks${queryString({ limit: options.limit })}`))
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0) terminal.note("There are no results yet.")
  else {
    const rows = page.data.map(({ at, state, changed, report }) => [
      when(at),
      report.ok ? "ok" : (report.error?.code ?? "failed"),
      `${Math.round(report.durationMs)} ms`,
      changed ? `is ${state} now` : "",
    ])
    await terminal.write(table(["AT", "RESULT", "TOOK", "STATE"], rows, { width: terminal.width, header: terminal.bold, rightAligned: [2] }))
    if (page.total > page.data.length) terminal.note(`${page.total} results in total.`)
  }
  return EXIT.ok
}

export async function remove({ terminal, hub }: Cli, name: string): Promise<Exit> {
  await (await hub()).remove(connectorPath(name, "/check"))
  if (terminal.json) await terminal.document({ removed: name })
  else await terminal.line(`The scheduled checks of ${name} were removed.`)
  return EXIT.ok
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
]

/** Converts `5m`, `1h` or `90s` to milliseconds. */
export function msOf(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = UNITS.find(([name]) => name === unit)?.[1]
  if (count === undefined || ms === undefined) throw usage("--every must be a duration such as 5m, 1h or 90s, at least one minute.")
  return Number(count) * ms
}

const lengthOf = (ms: number): string => {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0) ?? ["s", 1_000]
  return `${ms / size}${unit}`
}

const nextOf = ({ stopped, nextCheckAt }: Check): string => (stopped === null ? when(nextCheckAt) : `stopped: ${stopped.code}`)
