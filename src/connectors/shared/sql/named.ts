import { createHash } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import type { Commit } from "../../../core/streams.ts"

/** How a system tells a repeat by the name of the work: the name of a commit is that of the job that writes its rows, and no name is taken twice. */
export interface Named<C> {
  /** Whether the work of that name was done in the stream. */
  isDone(client: C, path: readonly string[], name: string, call: Call): Promise<boolean>
}

/** How work under a name ended. `already`: there was work of that name before. */
export interface Attempt {
  readonly already: boolean
  /** The work failed, and did nothing. */
  readonly failure?: unknown
}

/** Names of one commit at most; those before the last one failed. */
export const MOST_ATTEMPTS = 20

/** The name of an attempt, from 1. */
export const attemptOf = (name: string, attempt: number): string => (attempt === 1 ? name : `${name}_${attempt}`)

/** Does work under the first name of a commit whose work has not failed before. */
export async function underName(name: string, work: (name: string) => Promise<Attempt>): Promise<{ already?: true }> {
  for (let attempt = 1; ; attempt++) {
    const { already, failure } = await work(attemptOf(name, attempt))
    if (failure === undefined) return already ? { already } : {}
    if (!already || attempt === MOST_ATTEMPTS) throw failure
  }
}

/** The name of a commit: a hash, since run and part may be any texts. */
export const nameOf = (path: readonly string[], { run, part, sequence }: Commit): string =>
  createHash("sha256")
    .update(JSON.stringify([path, run, part, sequence]))
    .digest("hex")

/** The last sequence of a run's part that was done. They begin at 0 and have no gap, so that few of them are looked up. */
export async function lastDone<C>(
  { isDone }: Named<C>,
  client: C,
  path: readonly string[],
  of: Omit<Commit, "sequence">,
  call: Call,
): Promise<number | undefined> {
  const done = (sequence: number) => isDone(client, path, nameOf(path, { ...of, sequence }), call)
  if (!(await done(0))) return undefined
  let [low, high] = [0, 1]
  while (await done(high)) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await done(middle)) low = middle
    else high = middle
  }
  return low
}
