import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import { CONNECTORS, KEYS, planFrom, USERS, WEBHOOKS } from "./plans.ts"

const COUNT = sql<number>`count(*)::int`.as("count")

/** The things of which a workspace has a limited number: what they are called, how many there may be unless the plan says, and how they are counted. */
const QUOTAS = {
  connectors: {
    things: "connectors",
    unlessGiven: CONNECTORS,
    count: (tx: Tx, id: string) => tx.selectFrom("connectors").select(COUNT).where("workspace_id", "=", id),
  },
  httpConnectors: {
    things: "HTTP connectors",
    unlessGiven: Number.POSITIVE_INFINITY,
    count: (tx: Tx, id: string) => tx.selectFrom("connectors").select(COUNT).where("workspace_id", "=", id).where("type", "=", "http"),
  },
  keys: {
    things: "live keys",
    unlessGiven: KEYS,
    count: (tx: Tx, id: string) =>
      tx
        .selectFrom("api_keys")
        .select(COUNT)
        .where("workspace_id", "=", id)
        .where("revoked_at", "is", null)
        .where(sql<boolean>`(expires_at is null or expires_at > clock_timestamp())`),
  },
  users: {
    things: "users",
    unlessGiven: USERS,
    count: (tx: Tx, id: string) => tx.selectFrom("memberships").select(COUNT).where("workspace_id", "=", id),
  },
  webhooks: {
    things: "webhooks",
    unlessGiven: WEBHOOKS,
    count: (tx: Tx, id: string) => tx.selectFrom("webhooks").select(COUNT).where("workspace_id", "=", id),
  },
}

export type Counted = keyof typeof QUOTAS

/** Refuses one more of each of them beyond the plan's number. The workspace's row stays locked, so that two at once cannot pass it together. */
export async function requireRoomFor(tx: Tx, workspaceId: string, ...all: readonly Counted[]): Promise<void> {
  const { plan } = await tx.selectFrom("workspaces").select("plan").where("id", "=", workspaceId).forNoKeyUpdate().executeTakeFirstOrThrow()
  const limits = planFrom(plan)
  for (const each of all) {
    const { things, unlessGiven, count } = QUOTAS[each]
    const most = limits[each] ?? unlessGiven
    if (most === Number.POSITIVE_INFINITY) continue
    const { count: has } = await count(tx, workspaceId).executeTakeFirstOrThrow()
    if (has < most) continue
    const message = `The workspace's plan allows ${most} ${things}, and it has ${has}; remove one, or ask an operator for more.`
    throw new PlatformError("plan_limit_reached", message)
  }
}
