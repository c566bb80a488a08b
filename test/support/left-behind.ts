import { readdirSync, readFileSync } from "node:fs"

/** A process that is alive. */
export interface LeftBehind {
  readonly pid: number
  readonly command: string
}

/**
 * The processes that belong to a hub: those that name its data folder in their command, and those of its process group, if one is given.
 * Reads `/proc`, so it is for Linux; zombies do not count.
 */
export function leftBehind(dataDir: string, group?: number): readonly LeftBehind[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name)
    if (!(pid > 0)) return []
    try {
      const [state, , processGroup] = (/\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "").split(" ")
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      return state !== "Z" && (command.includes(dataDir) || Number(processGroup) === group) ? [{ pid, command }] : []
    } catch {
      return []
    }
  })
}
