import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"

/** Tests that a workspace may start in any 60 s, and have open at once; what is absent is the hub's default. */
export interface TestsPlan {
  readonly perMinute?: number
  readonly concurrency?: number
}

/** What a workspace may have at most; an absent part is without limit, but for `tests` and `uploadBytes`. `concurrency` and `ratePerMinute` cap each connector's own, `uploadBytes` all uploads together. */
export interface Plan {
  readonly httpConnectors?: number
  readonly ratePerMinute?: number
  readonly concurrency?: number
  readonly uploadBytes?: number
  readonly tests?: TestsPlan
}

/** A part that is absent is kept, of `tests` each of its numbers; `null` lifts its limit. */
export type PlanPatch = { readonly [K in keyof Plan]?: Plan[K] | null }

/** Bytes of a workspace's uploads together, unless its plan says otherwise: the disk is everybody's. */
export const UPLOAD_BYTES = 20 * 1_073_741_824

const PARTS = ["httpConnectors", "ratePerMinute", "concurrency", "uploadBytes"] as const

/** A plan as it is stored, with what it may hold alone. */
export const planFrom = (stored: Readonly<Record<string, unknown>>): Plan => {
  const tests = numbersOf((stored["tests"] ?? {}) as Readonly<Record<string, unknown>>, ["perMinute", "concurrency"])
  return { ...numbersOf(stored, PARTS), ...(Object.keys(tests).length === 0 ? {} : { tests }) }
}

const numbersOf = (stored: Readonly<Record<string, unknown>>, parts: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(parts.flatMap((part) => (typeof stored[part] === "number" ? [[part, stored[part]]] : [])))

/** The plan of a workspace. */
export async function planOf(store: Store, workspaceId: string): Promise<Plan> {
  const row = await store.inWorkspace(workspaceId, (tx) => tx.selectFrom("workspaces").select("plan").where("id", "=", workspaceId).executeTakeFirst())
  return planFrom(row?.plan ?? {})
}

/** A stored plan with a patch over it. */
export const patched = (stored: Readonly<Record<string, unknown>>, patch: PlanPatch): Plan =>
  planFrom({ ...stored, ...patch, ...(patch.tests ? { tests: { ...planFrom(stored).tests, ...patch.tests } } : {}) })

/** Refuses an HTTP connector beyond the plan's number of them (Databar's limit, which no other way around may pass). */
export async function withinPlan(tx: Tx, workspaceId: string, type: string, plan: Readonly<Record<string, unknown>>): Promise<void> {
  const { httpConnectors: most } = planFrom(plan)
  if (type !== "http" || most === undefined) return
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
