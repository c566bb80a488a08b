import type { Done, Work } from "./messages.ts"

/** One piece of work that waits or runs. */
export interface Job {
  readonly workspaceId: string
  readonly short: boolean
  readonly work: Work
  /** When the work must be over (`performance.now()`). */
  readonly expiresAt: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** What a worker says of a piece of work. */
export type Result = Exclude<Done, "ready">
