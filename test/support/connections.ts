import { readFileSync } from "node:fs"

/** Connections to a port of this machine that are open, as the kernel lists them. */
export function connectionsTo(port: number): number {
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n"))
  const [ESTABLISHED, end] = ["01", `:${port.toString(16).toUpperCase().padStart(4, "0")}`]
  return lines.map((line) => line.trim().split(/\s+/)).filter(([, local = "", , state]) => state === ESTABLISHED && local.endsWith(end)).length
}
