import { chownSync } from "node:fs"

/** Whether the tests run as root. */
export const isRoot = process.getuid?.() === 0

/** The ids that servers run under: those of "nobody" when the tests run as root, else those of the tests. */
export const account: { readonly uid?: number; readonly gid?: number } = isRoot ? { uid: 65_534, gid: 65_534 } : {}

/** Gives a file or a folder to the servers' account. */
export function giveToServer(path: string): void {
  const { uid, gid } = account
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}
