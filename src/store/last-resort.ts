import { platform } from "node:os"

/** The processes that must not outlive this one, by id, each with the signal that ends it. */
const owned = new Map<number, NodeJS.Signals>()

/**
 * Ends a process when this process exits, however it exits (a crash, a stop that takes too long) except by SIGKILL. Call
 * the returned function once the process has ended or belongs to another hub.
 */
export function endWithThisProcess(pid: number, signal: NodeJS.Signals): () => void {
  // Windows knows no signals: there, each of them kills at once.
  if (platform() === "win32") return () => undefined
  if (owned.size === 0) process.once("exit", endAll)
  owned.set(pid, signal)
  return () => {
    owned.delete(pid)
    if (owned.size === 0) process.removeListener("exit", endAll)
  }
}

function endAll(): void {
  for (const [pid, signal] of owned) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended already.
    }
  }
}
