import type { Cli } from "../cli.ts"
import { carryOut, type Outcome } from "../declarative/carry-out.ts"
import { makePlan, type Plan, type PlanOptions } from "../declarative/plan.ts"
import { countsOf, planDocument, planLines, summaryLine } from "../declarative/plan-lines.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"
import { printReport, problemLines, type Report } from "../report.ts"

export interface ApplyOptions extends PlanOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly verify?: boolean
  readonly detailedExitcode?: boolean
}

/** Shows what the files would change, and changes nothing. */
export const plan = (cli: Cli, options: ApplyOptions): Promise<Exit> => apply(cli, { ...options, dryRun: true })

/** Makes the hub match the files, after showing a plan and asking for confirmation. */
export async function apply(cli: Cli, options: ApplyOptions): Promise<Exit> {
  const { terminal } = cli
  const hub = await cli.hub()
  const planned = await makePlan(cli.shell, hub, options)
  const none = changesNothing(planned)
  if (!terminal.json) {
    for (const line of planLines(terminal, planned)) await terminal.line(line)
    await terminal.line(summaryLine(planned))
  }
  if (none || options.dryRun === true) {
    if (terminal.json) await terminal.document(planDocument(planned))
    return !none && options.detailedExitcode === true ? EXIT.changes : EXIT.ok
  }
  if (!(await agreed(cli, options))) return EXIT.failed
  const outcomes = await carryOut(hub, planned, options.verify === true, (outcome) => tell(cli, outcome))
  if (terminal.json) await terminal.document({ ...planDocument(planned), outcomes: outcomes.map(outcomeDocument) })
  return conclude(cli, outcomes, options)
}

const changesNothing = (planned: Plan): boolean => {
  const { create, change, remove } = countsOf(planned)
  return create + change + remove === 0
}

async function agreed({ terminal }: Cli, { yes }: ApplyOptions): Promise<boolean> {
  if (yes === true) return true
  if (!terminal.interactive)
    throw usage("Changing the hub needs a confirmation, but the input is not a terminal.", "Add --yes, or --dry-run to see only the plan.")
  if (await terminal.confirm("Apply these changes?")) return true
  terminal.note("Nothing was changed.")
  return false
}

const DONE = { create: "created", change: "changed", remove: "removed" } as const

async function tell({ terminal }: Cli, { action, name, outcome, failure }: Outcome): Promise<void> {
  if (terminal.json) return
  if (outcome === "done") return terminal.line(`${terminal.good("✓")} ${name} ${DONE[action]}`)
  if (outcome === "not tried") return terminal.line(`- ${name} not ${DONE[action]}`)
  await terminal.line(`${terminal.bad("✗")} ${name} not ${DONE[action]}`)
  const report = failure?.problem["report"] as Report | undefined
  if (report !== undefined) await printReport(terminal, report, null)
  else if (failure !== undefined) for (const line of problemLines(terminal, failure.problem)) await terminal.line(`  ${line}`)
}

const outcomeDocument = ({ action, name, outcome, failure }: Outcome): Record<string, unknown> => ({
  action,
  name,
  outcome,
  ...(failure === undefined ? {} : { error: failure.problem }),
})

async function conclude({ terminal }: Cli, outcomes: readonly Outcome[], { detailedExitcode }: ApplyOptions): Promise<Exit> {
  const done = outcomes.filter(({ outcome }) => outcome === "done")
  const counts = (["create", "change", "remove"] as const).map((action) => `${done.filter((each) => each.action === action).length} ${DONE[action]}`).join(", ")
  const failure = outcomes.find((each) => each.failure !== undefined)?.failure
  if (failure === undefined) {
    if (!terminal.json) await terminal.line(`Applied: ${counts}.`)
    return detailedExitcode === true ? EXIT.changes : EXIT.ok
  }
  const detail = `Partly done: ${counts}. Not done: ${outcomes.length - done.length} of ${outcomes.length}.`
  throw new Failure(
    failure.exit,
    { code: "apply_incomplete", detail, next: "Fix the cause and run the same command again; it will continue from here." },
    failure,
  )
}
