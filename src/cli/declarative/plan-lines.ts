import { printable, type Terminal } from "../terminal.ts"
import type { Difference, Plan, Step } from "./plan.ts"

const MOST_SHOWN = 200

/**
 * A plan for people: each changed connector with its place in the files, each changed value as old → new, and never a
 * secret.
 */
export function planLines(terminal: Terminal, { steps, removals }: Plan): string[] {
  const changed = steps.filter(({ action }) => action !== "none")
  return [
    ...changed.flatMap((step) => [heading(terminal, step), ...differencesOf(step).map((each) => `    ${differenceLine(terminal, each)}`), ...warnings(step)]),
    ...removals.map(({ name, type, owner }) => `${terminal.bad("-")} ${printable(name)} (${type})  ${terminal.dim(`not in any file of ${printable(owner)}`)}`),
    ...(changed.length + removals.length === 0 ? [] : [""]),
  ]
}

/** `Plan: 1 to create, 2 to change, 1 to remove, 4 unchanged.` */
export function summaryLine({ steps, removals }: Plan): string {
  const { create, change, remove, unchanged } = countsOf({ steps, removals })
  if (create + change + remove === 0) return `No changes: ${unchanged} ${unchanged === 1 ? "connector matches" : "connectors match"} the files.`
  return `Plan: ${create} to create, ${change} to change, ${remove} to remove, ${unchanged} unchanged.`
}

/** The number of connectors that a plan creates, changes, removes and leaves alone. */
export function countsOf({ steps, removals }: Plan): { create: number; change: number; remove: number; unchanged: number } {
  const count = (action: Step["action"]): number => steps.filter((step) => step.action === action).length
  return { create: count("create"), change: count("change"), remove: removals.length, unchanged: count("none") }
}

/** A plan as `--json` prints it; secrets appear only as masks. */
export const planDocument = (plan: Plan): Record<string, unknown> => ({
  summary: countsOf(plan),
  changes: [
    ...plan.steps.map((step) => {
      const { file, line } = step.entry.at("", "")
      return { action: step.action, name: step.wanted.name, type: step.wanted.type, file, line, differences: step.changes }
    }),
    ...plan.removals.map(({ name, type }) => ({ action: "remove", name, type })),
  ],
})

function heading(terminal: Terminal, { action, entry, wanted }: Step): string {
  const { file, line } = entry.at("", "")
  const mark = action === "create" ? terminal.good("+") : "~"
  return `${mark} ${printable(wanted.name)} (${wanted.type})  ${terminal.dim(`${printable(file)}:${line}`)}`
}

/**
 * The differences to show. For a new connector, those without information are left out: its name again, and empty
 * values.
 */
const differencesOf = ({ action, changes, wanted }: Step): readonly Difference[] =>
  action === "change"
    ? changes
    : changes.filter(
        ({ pointer, after }) =>
          !["/name", "/type"].includes(pointer) &&
          after !== null &&
          after !== "" &&
          !(pointer === "/title" && after === wanted.name) &&
          !(pointer === "/enabled" && after === true) &&
          JSON.stringify(after) !== "[]" &&
          JSON.stringify(after) !== "{}",
      )

function differenceLine(terminal: Terminal, { pointer, before, after }: Difference): string {
  const path = pointer.slice(1).split("/").map(decode).join(".")
  if (before === undefined) return `${terminal.good("+")} ${printable(path)}: ${shown(after)}`
  if (after === undefined) return `${terminal.bad("-")} ${printable(path)}: ${isSecret(before) ? "the secret is removed" : shown(before)}`
  if (isSecret(before) && isSecret(after)) return `~ ${printable(path)}: the secret changes`
  return `~ ${printable(path)}: ${shown(before)} → ${shown(after)}`
}

const isSecret = (value: unknown): boolean => value !== null && typeof value === "object" && (value as { set?: unknown }).set === true

function shown(value: unknown): string {
  if (isSecret(value)) return "a secret"
  const text = typeof value === "string" && /^[^\s"'](?:[^\r\n"']*[^\s"'])?$/.test(value) ? value : JSON.stringify(value)
  return printable(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text)
}

function warnings({ action, changes }: Step): string[] {
  if (action === "create" || !changes.some(({ pointer }) => pointer === "/type")) return []
  return ["    ! The new type starts empty: the current secrets and catalogs are removed."]
}

const decode = (segment: string): string => segment.replaceAll("~1", "/").replaceAll("~0", "~")
