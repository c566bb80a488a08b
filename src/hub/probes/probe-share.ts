import { randomUUID } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { sql } from "kysely"
import type { HubParts } from "../parts.ts"
import type { Found, TestReport } from "./probe.ts"

/** The connector whose probe is shared with other nodes. */
export interface NodeShare {
  readonly workspaceId: string
  readonly connectorId: string
  readonly timeoutMs: number
}

const POLL_MS = 100
/** The time of a probe besides its deadline: to get a slot among the tests, to be cut off, to be stored. */
const MARGIN_MS = 5_000

/**
 * Makes a probe, or waits for the report of an equal one that runs at another node; probes of equal `key`s are equal. The other
 * node's report is the public one. When a node dies during its probe, the others wait no longer than the probe could have taken.
 */
export async function sharedOverNodes(
  parts: Pick<HubParts, "store" | "counters">,
  share: NodeShare,
  key: string,
  gone: AbortSignal,
  make: () => Promise<Found>,
): Promise<Found> {
  const id = randomUUID()
  let shared = false
  while (!(await claim(parts, share, key, id, shared))) {
    if (!shared) parts.counters.probesShared.inc()
    shared = true
    await pause(POLL_MS, undefined, { signal: gone })
    const report = await reportOf(parts, share, key)
    if (report !== undefined) return { operator: report, others: report }
  }
  let report: TestReport | undefined
  try {
    const found = await make()
    if (!gone.aborted) report = found.others
    return found
  } finally {
    await settle(parts, share, id, report)
  }
}

/**
 * True when no other node makes such a probe now. A caller that comes after a probe has ended makes a new one; a caller that
 * has `waited` for it reads its report, and takes over only when the other node has died.
 */
async function claim(
  { store }: Pick<HubParts, "store">,
  { workspaceId, connectorId, timeoutMs }: NodeShare,
  key: string,
  id: string,
  waited: boolean,
): Promise<boolean> {
  const mine = { node: id, expires_at: sql<Date>`now() + ${timeoutMs + MARGIN_MS} * interval '1 millisecond'`, report: null }
  const taken = await store.inWorkspace(workspaceId, async (tx) => {
    await tx
      .deleteFrom("probes")
      .where("workspace_id", "=", workspaceId)
      .where("connector_id", "=", connectorId)
      .where("key", "<>", key)
      .where("expires_at", "<", sql<Date>`now()`)
      .execute()
    return tx
      .insertInto("probes")
      .values({ workspace_id: workspaceId, connector_id: connectorId, key, ...mine })
      .onConflict((conflict) =>
        conflict
          .columns(["connector_id", "key"])
          .doUpdateSet(mine)
          .where((where) => where.or([where("probes.expires_at", "<", sql<Date>`now()`), ...(waited ? [] : [where("probes.report", "is not", null)])])),
      )
      .returning("node")
      .executeTakeFirst()
  })
  return taken !== undefined
}

async function reportOf({ store }: Pick<HubParts, "store">, { workspaceId, connectorId }: NodeShare, key: string): Promise<TestReport | undefined> {
  const row = await store.inWorkspace(workspaceId, (tx) =>
    tx
      .selectFrom("probes")
      .select("report")
      .where("workspace_id", "=", workspaceId)
      .where("connector_id", "=", connectorId)
      .where("key", "=", key)
      .executeTakeFirst(),
  )
  return (row?.report as TestReport | null | undefined) ?? undefined
}

/** Leaves the report for the nodes that wait. A probe without a report was cut off, and the next node makes it again. */
async function settle({ store }: Pick<HubParts, "store">, { workspaceId, connectorId }: NodeShare, id: string, report: TestReport | undefined): Promise<void> {
  await store.inWorkspace(workspaceId, async (tx) => {
    if (report === undefined) {
      await tx.deleteFrom("probes").where("workspace_id", "=", workspaceId).where("connector_id", "=", connectorId).where("node", "=", id).execute()
      return
    }
    await tx
      .updateTable("probes")
      .set({ report: JSON.stringify(report) })
      .where("workspace_id", "=", workspaceId)
      .where("connector_id", "=", connectorId)
      .where("node", "=", id)
      .execute()
  })
}
