import type { Fault } from "../core/errors.ts"
import type { Wire } from "../wire.ts"
import { EXIT, type Exit, type Problem } from "./failure.ts"
import { changeOf, type Remedy, remedyLines } from "./remedy-lines.ts"
import { printable, type Terminal } from "./terminal.ts"

/** A test report, from the API or from a probe of the hub. */
export type Report = Wire["TestReport"]

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

/**
 * `✓ connect      1.2 ms  203.0.113.7:5432`. The reason of a failed stage is omitted, because the verdict contains
 * it.
 */
export function stageLine(terminal: Terminal, stage: Wire["Stage"]): string {
  const passed = stage.status === "passed"
  const mark = passed ? terminal.good("✓") : terminal.bad("✗")
  const detail = passed && stage.detail !== undefined ? `  ${terminal.dim(printable(stage.detail))}` : ""
  return `${mark} ${stage.name.padEnd(10)} ${milliseconds(stage.durationMs).padStart(9)}${detail}`
}

/**
 * The lines after the stages: the server and its warnings, or the cause and its remedy. For `change`, see
 * `remedyLines`.
 */
export function verdictLines(terminal: Terminal, report: Report, change: string | null): string[] {
  if (report.error !== undefined) {
    const { code, message, next, remedies } = report.error
    return [`${terminal.bad("Failed")} (${code}): ${printable(message)}`, ...adviceLines(terminal, message, next, remedies, change)]
  }
  const { product = "The system", version, details = {}, warnings = [] } = report.server ?? {}
  const known = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)
  const facts = known.length === 0 ? "" : ` (${known.join(", ")})`
  return [
    `${terminal.good("Works")}: ${printable(`${product}${version === undefined ? "" : ` ${version}`}${facts}`)}, ${milliseconds(report.durationMs)}`,
    ...warnings.map((warning) => `! ${printable(warning)}`),
  ]
}

/** The remedies, or the general advice if there are none. */
function adviceLines(terminal: Terminal, message: string, next: string | undefined, remedies: readonly Remedy[] | undefined, change: string | null): string[] {
  const lines = remedyLines(terminal, remedies, change)
  return lines.length > 0 ? lines : nextLines(terminal, message, next)
}

/**
 * The general advice from the error table, unless the message already gives advice after a semicolon, as the hub's
 * messages do.
 */
const nextLines = (terminal: Terminal, message: string, next: string | undefined): string[] =>
  next === undefined || message.includes(";") || message.includes(next) ? [] : [terminal.dim(`→ ${printable(next)}`)]

/** Prints a whole report: the stages, then the verdict. */
export async function printReport(terminal: Terminal, report: Report, change: string | null): Promise<void> {
  for (const stage of report.stages) await terminal.line(stageLine(terminal, stage))
  for (const line of verdictLines(terminal, report, change)) await terminal.line(line)
}

export const exitOfReport = (report: Report): Exit => (report.ok ? EXIT.ok : EXIT.failed)

/** A problem for people, on stderr: the message, each fault with its place, and the remedy. `connector` is the one that the command names. */
export function problemLines(terminal: Terminal, problem: Problem, connector?: string): string[] {
  const faults = (problem.errors ?? []).filter(({ message }) => message !== problem.detail)
  const request = problem.code === "internal" && problem.requestId !== undefined ? [terminal.dim(`  request ${problem.requestId}`)] : []
  return [
    `${terminal.bad("error")}: ${printable(problem.detail)}`,
    ...faults.map((fault) => `  ${placeOf(fault)}${printable(fault.message)}`),
    ...request,
    // Each fault says how to correct it.
    ...(problem.errors === undefined
      ? adviceLines(terminal, problem.detail, problem.next, problem.remedies, connector === undefined ? null : changeOf(connector))
      : []),
  ]
}

/** The place of a fault: in a file if it names one, otherwise its pointer. */
function placeOf(fault: Fault & { readonly file?: string; readonly line?: number; readonly column?: number }): string {
  const { pointer, file, line, column } = fault
  const place = pointer === "" ? "" : `${printable(pointer)}: `
  return file === undefined ? place : `${printable(file)}:${line}:${column}: ${place}`
}
