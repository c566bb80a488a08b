import { spawn, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import type { TestDatabase } from "../test/support/embedded.ts"

/** One line of the table. `target` is its budget; a line without a budget is only for information. */
export interface Line {
  readonly what: string
  readonly ours: string
  readonly against: string
  readonly ratio: string
  readonly target?: string
  readonly met?: boolean
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** The duration of some work, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/**
 * Runs both sides in turn, after one warm-up each. Returns the medians of their measurements and of the ratios of the
 * rounds, because a noisy minute affects both sides of a round.
 */
export async function interleaved(rounds: number, ours: () => Promise<number>, theirs: () => Promise<number>) {
  await ours()
  await theirs()
  const pairs: [number, number][] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) pairs.push([await ours(), await theirs()])
    else {
      const second = await theirs()
      pairs.push([await ours(), second])
    }
  }
  return { ours: median(pairs.map(([a]) => a)), theirs: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)) }
}

const statusOf = (pid: number, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024

/** The current resident memory of a process, in MiB. */
export const residentMb = (pid: number): number => statusOf(pid, "VmRSS")

/** The peak since `forgetPeak`, in MiB. */
export const peakMb = (pid: number): number => statusOf(pid, "VmHWM")

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5")

/** The psql command; undefined if the machine has none. */
export function findPsql(): string | undefined {
  return spawnSync("psql", ["--version"]).status === 0 ? "psql" : undefined
}

/** Runs psql with its output redirected to a file. */
export async function psqlToFile(database: TestDatabase, statement: string, file: string): Promise<void> {
  const { open } = await import("node:fs/promises")
  const handle = await open(file, "w")
  const env = { PATH: process.env["PATH"] ?? "", PGPASSWORD: database.password }
  const args = ["-X", "-At", "-h", database.host, "-p", String(database.port), "-U", database.user, "-d", database.database, "-c", statement]
  const child = spawn("psql", args, { env, stdio: ["ignore", handle.fd, "inherit"] })
  const code = await new Promise((resolve) => child.once("close", resolve))
  await handle.close()
  if (code !== 0) throw new Error(`psql ended with ${String(code)}`)
}

export const ms = (value: number): string => `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`
export const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`
export const perSecond = (value: number): string => `${Math.round(value)}/s`
export const mb = (value: number): string => `${Math.round(value)} MB`

/** The table in Markdown. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map(({ what, ours, against, ratio, target, met }) => [
    what,
    ours,
    against,
    ratio,
    target ?? "",
    met === undefined ? "" : met ? "met" : "MISSED",
  ])
  const head = ["what", "Jackfield", "against", "ratio", "target", "verdict"]
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}
