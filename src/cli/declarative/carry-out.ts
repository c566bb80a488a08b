import type { Wire } from "../../wire.ts"
import { connectorPath } from "../answers.ts"
import { EXIT, Failure } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import type { Plan, Removal, Step } from "./plan.ts"

/** The result of one part of a plan. */
export interface Outcome {
  readonly action: "create" | "change" | "remove"
  readonly name: string
  readonly outcome: "done" | "failed" | "not tried"
  readonly failure?: Failure
}

/**
 * Carries out a plan, one connector at a time, each at its planned version (`If-Match`). A failure does not stop the
 * others, unless the hub is unreachable or refuses the caller; nothing is removed after a failure.
 */
export async function carryOut(hub: HubClient, plan: Plan, verify: boolean, told: (outcome: Outcome) => Promise<void>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let over = false
  const attempt = async (action: Outcome["action"], name: string, work: () => Promise<unknown>, mayTry: boolean): Promise<void> => {
    let outcome: Outcome = { action, name, outcome: "not tried" }
    if (mayTry) {
      try {
        await work()
        outcome = { action, name, outcome: "done" }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        over = [EXIT.unreachable, EXIT.denied, EXIT.interrupted].some((exit) => exit === error.exit)
        outcome = { action, name, outcome: "failed", failure: error }
      }
    }
    outcomes.push(outcome)
    await told(outcome)
  }
  for (const step of inOrder(plan.steps)) {
    if (step.action !== "none") await attempt(step.action, step.wanted.name, () => store(hub, step, verify), !over)
  }
  for (const removal of plan.removals)
    await attempt(
      "remove",
      removal.name,
      () => remove(hub, removal),
      outcomes.every(({ outcome }) => outcome === "done"),
    )
  return outcomes
}

/** Renames first, each after the rename that frees its new name. */
function inOrder(steps: readonly Step[]): Step[] {
  const left = steps.filter(isRename)
  const out: Step[] = []
  while (left.length > 0) {
    const free = left.findIndex((step) => !left.some((other) => other !== step && other.wanted.was === step.wanted.name))
    out.push(...left.splice(Math.max(0, free), 1))
  }
  return [...out, ...steps.filter((step) => !isRename(step))]
}

const isRename = ({ changes, id }: Step): boolean => id !== null && changes.some(({ pointer }) => pointer === "/name")

/** Stores the connector if more than its schedule differs, and then the schedule. */
async function store(hub: HubClient, step: Step, verify: boolean): Promise<void> {
  const { wanted, id, changes } = step
  const scheduled = changes.filter(({ pointer }) => pointer === "/check" || pointer.startsWith("/check/"))
  const stored = scheduled.length < changes.length ? await storeConnector(hub, step, verify) : { id: id ?? wanted.name }
  if (scheduled.length === 0) return
  if (wanted.check === null) await hub.remove(connectorPath(stored.id, "/check"))
  else await hub.put(connectorPath(stored.id, "/check"), wanted.check)
}

function storeConnector(hub: HubClient, { action, wanted, id, version, changes }: Step, verify: boolean): Promise<{ readonly id: string }> {
  const { was: _, check: _check, draft, enabled, ...parts } = wanted
  const tested = verify && !draft && enabled && (action === "create" || changes.some(({ pointer }) => pointer === "/type" || pointer.startsWith("/config")))
  const body = { ...parts, enabled, draft, ...(tested ? { verify: true } : {}) }
  if (id === null || version === null) return hub.post<Wire["Connector"]>("/v1/connectors", body)
  // An unchanged config is not sent, so that the stored one keeps its test result.
  const { config, type, ...rest } = body
  const touched = changes.some(({ pointer }) => pointer === "/type" || pointer.startsWith("/config"))
  return hub.patch<Wire["Connector"]>(connectorPath(id), touched ? { ...rest, type, config } : rest, version)
}

const remove = (hub: HubClient, { id, version }: Removal): Promise<unknown> => hub.remove(connectorPath(id), version)
