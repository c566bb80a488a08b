import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Tx } from "./connector-view.ts"

/** Refuses an HTTP connector beyond the plan's number of them (Databar's limit, which no other way around may pass). */
export async function withinPlan(tx: Tx, workspaceId: string, type: string, plan: Readonly<Record<string, unknown>>): Promise<void> {
  const most = plan["httpConnectors"]
  if (type !== "http" || typeof most !== "number") return
  const { count } = await tx
    .selectFrom("connectors")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("workspace_id", "=", workspaceId)
    .where("type", "=", type)
    .executeTakeFirstOrThrow()
  if (count >= most)
    throw new PlatformError(
      "plan_limit_reached",
      `The workspace's plan allows ${most} HTTP connectors, and it has ${count}; remove one, or ask an operator for more.`,
    )
}
