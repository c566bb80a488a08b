import type { Fault } from "../core/errors.ts"
import type { Wire } from "../wire.ts"
import { EXIT, type Exit, type Problem } from "./failure.ts"
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

/** The lines after the stages: the server and its warnings, or the cause and the next step. */
export function verdictLines(terminal: Terminal, report: Report): string[] {
  if (report.error !== undefined) {
    const { code, message, next } = report.error
    return [`${terminal.bad("Failed")} (${code}): ${printable(message)}`, ...nextLines(terminal, message, next)]
  }
  const { product = "The system", version, details = {}, warnings = [] } = report.server ?? {}
  const known = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)
  const facts = known.length === 0 ? "" : ` (${known.join(", ")})`
  return [
    `${terminal.good("Works")}: ${printable(`${product}${version === undefined ? "" : ` ${version}`}${facts}`)}, ${milliseconds(report.durationMs)}`,
    ...warnings.map((warning) => `! ${printable(warning)}`),
  ]
}

/**
 * The general advice from the error table, unless the message already gives advice after a semicolon, as the hub's
 * messages do.
 */
const nextLines = (terminal: Terminal, message: string, next: string | undefined): string[] =>
  next === undefined || message.includes(";") || message.includes(next) ? [] : [terminal.dim(`→ ${printable(next)}`)]

/** Prints a whole report: the stages, then the verdict. */
export async function printReport(terminal: Terminal, report: Report): Promise<void> {
  for (const stage of report.stages) await terminal.line(stageLine(terminal, stage))
  for (const line of verdictLines(terminal, report)) await terminal.line(line)
}

export const exitOfReport = (report: Report): Exit => (report.ok ? EXIT.ok : EXIT.failed)

/** A problem for people, on stderr: the sentence, each fault with its place, and the next step. */
export function problemLines(terminal: Terminal, problem: Problem): string[] {
  const faults = (problem.errors ?? []).filter(({ message }) => message !== problem.detail)
  const request = problem.code === "internal" && problem.requestId !== undefined ? [terminal.dim(`  request ${problem.requestId}`)] : []
  return [
    `${terminal.bad("error")}: ${printable(problem.detail)}`,
    ...faults.map((fault) => `  ${placeOf(fault)}${printable(fault.message)}`),
    ...request,
    // Each fault says how to correct it.
    ...(problem.errors === undefined ? nextLines(terminal, problem.detail, problem.next) : []),
  ]
}

/** The place of a fault: in a file if it names one, otherwise its pointer. */
function placeOf(fault: Fault & { readonly file?: string; readonly line?: number; readonly column?: number }): string {
  const { pointer, file, line, column } = fault
  const place = pointer === "" ? "" : `${printable(pointer)}: `
  return file === undefined ? place : `${printable(file)}:${line}:${column}: ${place}`
}
