import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"

/** The tests that a workspace may start in any 60 s, and have open at once. An absent part is the hub's default. */
export interface TestsPlan {
  readonly perMinute?: number
  readonly concurrency?: number
}

/**
 * The limits and quotas of a workspace. An absent part of the first three is without limit; the others have defaults.
 * `concurrency` and `ratePerMinute` cap the limits of each connector; `uploadBytes` counts all uploads together, `versions`
 * those of one connector, `idempotencyKeys` the keys of the last 24 hours and `keptAnswerBytes` their answers.
 */
export interface Plan {
  readonly httpConnectors?: number
  readonly ratePerMinute?: number
  readonly concurrency?: number
  readonly uploadBytes?: number
  readonly versions?: number
  readonly idempotencyKeys?: number
  readonly keptAnswerBytes?: number
  readonly tests?: TestsPlan
}

/** An absent part is kept, as is an absent number of `tests`; `null` lifts the limit. */
export type PlanPatch = { readonly [K in keyof Plan]?: Plan[K] | null }

/** Bytes of all uploads of a workspace unless its plan sets another number, since all workspaces share the disk. */
export const UPLOAD_BYTES = 20 * 1_073_741_824

/** Versions of a connector that are kept unless the plan sets another number. */
export const VERSIONS_KEPT = 200
/** Idempotency-Keys of a workspace within 24 hours, and bytes of their answers, unless its plan sets other numbers. */
export const IDEMPOTENCY_KEYS = 100_000
export const KEPT_ANSWER_BYTES = 64 * 1_048_576

const PARTS = ["httpConnectors", "ratePerMinute", "concurrency", "uploadBytes", "versions", "idempotencyKeys", "keptAnswerBytes"] as const

/** A stored plan, with its known parts only. */
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

/** Refuses an HTTP connector beyond the plan's number. The limit is Databar's, and holds for every API. */
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
