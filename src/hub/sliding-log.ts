import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"

/** Calls in any window of that length. */
export interface Window {
  readonly requests: number
  readonly perMs: number
}

/**
 * At most `requests` calls of one kind by a workspace in any window of `perMs`, over all nodes: the times of the last
 * calls stand in the store, by the store's clock.
 */
export class SlidingLog {
  readonly #store: Store
  readonly #name: string
  readonly #window: Window

  constructor(store: Store, name: string, window: Window) {
    this.#store = store
    this.#name = name
    this.#window = window
  }

  /** Counts a call, or throws `rate_limited` with the seconds to wait; a refused call is not counted. */
  async take(workspaceId: string): Promise<void> {
    const retryAfterSeconds = await this.#store.inWorkspace(workspaceId, async (tx) => {
      const key = { workspace_id: workspaceId, name: this.#name }
      await tx
        .insertInto("recent_calls")
        .values(key)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      // The row is held until the end: calls are judged one at a time.
      await tx.selectFrom("recent_calls").select("name").where("workspace_id", "=", workspaceId).where("name", "=", this.#name).forUpdate().execute()
      const { calls, now } = await tx
        .selectFrom("recent_calls")
        .select(["calls", sql<Date>`clock_timestamp()`.as("now")])
        .where("workspace_id", "=", workspaceId)
        .where("name", "=", this.#name)
        .executeTakeFirstOrThrow()
      const { kept, waitMs } = judge(calls, now, this.#window)
      if (waitMs !== undefined) return Math.max(1, Math.ceil(waitMs / 1_000))
      await tx
        .updateTable("recent_calls")
        .set({ calls: sql<Date[]>`${kept.map((at) => at.toISOString())}::timestamptz[]` })
        .where("workspace_id", "=", workspaceId)
        .where("name", "=", this.#name)
        .execute()
      return undefined
    })
    if (retryAfterSeconds === undefined) return
    const { requests, perMs } = this.#window
    const message = `More than ${requests} of these in ${perMs / 1_000} seconds are not taken; try again in ${retryAfterSeconds} seconds.`
    throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds } })
  }
}

/** The calls that still count, this one among them; or how long it must wait. `calls` are in the order of their times. */
export function judge(calls: readonly Date[], now: Date, { requests, perMs }: Window): { readonly kept: readonly Date[]; readonly waitMs?: number } {
  const recent = calls.filter((at) => at.getTime() > now.getTime() - perMs)
  const oldest = recent.at(-requests)
  return oldest === undefined ? { kept: [...recent, now] } : { kept: recent, waitMs: oldest.getTime() + perMs - now.getTime() }
}
