import { spawn } from "node:child_process"
import { once } from "node:events"

/**
 * Does the work while this process alone holds the lock of that file. The lock is the kernel's (flock(1) of util-linux),
 * so one whose process was killed is free again.
 */
export async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  // The holder lives until its stdin is closed: by us, or by the kernel when we are gone.
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "inherit"], detached: true })
  const ended = once(holder, "exit")
  const [first] = await Promise.race([once(holder.stdout, "data"), ended])
  if (!String(first).startsWith("held")) throw new Error(`${file} could not be locked; see whether it can be written.`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
