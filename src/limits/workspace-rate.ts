import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"
import type { Rate } from "./limits.ts"

/**
 * A rate limit for one kind of call by a workspace, over all nodes. The times of the last calls stand in the store and follow
 * the store's clock.
 */
export class WorkspaceRate {
  readonly #store: Store
  readonly #name: string
  readonly #rate: Rate

  constructor(store: Store, name: string, rate: Rate) {
    this.#store = store
    this.#name = name
    this.#rate = rate
  }

  /** Counts a call as a start; `rate_limited` with the seconds to wait when there were too many. A refused call is not counted. */
  async take(workspaceId: string): Promise<void> {
    const retryAfterSeconds = await this.#store.inWorkspace(workspaceId, async (tx) => {
      const key = { workspace_id: workspaceId, name: this.#name }
      await tx
        .insertInto("recent_calls")
        .values(key)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      // The row is locked until the end, so that calls are judged one at a time.
      await tx.selectFrom("recent_calls").select("name").where("workspace_id", "=", workspaceId).where("name", "=", this.#name).forUpdate().execute()
      const { calls, now } = await tx
        .selectFrom("recent_calls")
        .select(["calls", sql<Date>`clock_timestamp()`.as("now")])
        .where("workspace_id", "=", workspaceId)
        .where("name", "=", this.#name)
        .executeTakeFirstOrThrow()
      const { kept, waitMs } = judge(calls, now, this.#rate)
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
    const { requests, perMs } = this.#rate
    const message = `More than ${requests} of these in ${perMs / 1_000} seconds are not taken; try again in ${retryAfterSeconds} seconds.`
    throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds } })
  }
}

/** The calls that still count, including this one; or how long this one must wait. `calls` are in the order of their times. */
export function judge(calls: readonly Date[], now: Date, { requests, perMs }: Rate): { readonly kept: readonly Date[]; readonly waitMs?: number } {
  const recent = calls.filter((at) => at.getTime() > now.getTime() - perMs)
  const oldest = recent.at(-requests)
  return oldest === undefined ? { kept: [...recent, now] } : { kept: recent, waitMs: oldest.getTime() + perMs - now.getTime() }
}
