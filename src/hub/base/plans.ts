import type { Store } from "../../store/store.ts"

/** The tests that a workspace may start in any 60 s, and have open at once. An absent part is the hub's default. */
export interface TestsPlan {
  readonly perMinute?: number
  readonly concurrency?: number
}

/**
 * The limits and quotas of a workspace. An absent part of the first three is without limit; the others have defaults.
 * `concurrency` and `ratePerMinute` cap the limits of each connector. `connectors`, `keys`, `users` and `webhooks` are numbers of
 * things; `uploadBytes` counts all uploads together, `versions` those of one connector, `idempotencyKeys` the keys of the last 24
 * hours, `keptAnswerBytes` their answers, `auditEntries` the newest entries of the audit, which are kept, and `unreadAnswerBytes`
 * the answers that wait at one node to be read.
 */
export interface Plan {
  readonly httpConnectors?: number
  readonly ratePerMinute?: number
  readonly concurrency?: number
  readonly connectors?: number
  readonly keys?: number
  readonly users?: number
  readonly webhooks?: number
  readonly auditEntries?: number
  readonly unreadAnswerBytes?: number
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
/** Things of a workspace unless its plan sets another number. */
export const [CONNECTORS, KEYS, USERS, WEBHOOKS] = [10_000, 1_000, 10_000, 50] as const
/** Bytes of answers of a workspace that wait at one node to be read, unless its plan sets another number. */
export const UNREAD_ANSWER_BYTES = 128 * 1_048_576

const PARTS = [
  ...["httpConnectors", "ratePerMinute", "concurrency", "connectors", "keys", "users", "webhooks", "uploadBytes", "versions"],
  ...["idempotencyKeys", "keptAnswerBytes", "auditEntries", "unreadAnswerBytes"],
]

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
