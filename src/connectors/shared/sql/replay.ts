import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { SqlWire, Transactions } from "./wire.ts"

/** A statement of the current transaction, and its result. */
interface Step<B> {
  readonly sql: string
  readonly params: readonly B[]
  readonly answer: string
}

/** A repeated transaction saw different data than the first time. */
export class ChangedMeanwhile extends PlatformError {
  constructor() {
    super("server_unavailable", "Somebody else changed the same data meanwhile, so the write was taken back; send it again.")
  }
}

/**
 * A wire with savepoints for a system that has none, where a refused statement aborts the whole transaction. After a failure the
 * transaction is rolled back and, before its next statement, begun again: every successful statement of `run` is repeated. A result
 * that differs from the first one means that another session changed the data, and fails with `ChangedMeanwhile`. The statements of a
 * write are kept in memory until it ends, and each refused statement costs a repetition of all statements before it.
 */
export function withReplay<B>(wire: SqlWire<B>): SqlWire<B> {
  const { transactions } = wire
  if (transactions === undefined) return wire
  let begun: Parameters<Transactions["begin"]> | undefined
  let done: Step<B>[] = []
  let spoiled = false
  const forget = (): void => {
    begun = undefined
    done = []
    spoiled = false
  }
  const step = async (sql: string, params: readonly B[], call: Call, quick?: boolean) => {
    const result = await wire.run(sql, params, call, quick)
    return { result, step: { sql, params, answer: JSON.stringify([result.touched, result.rows]) } }
  }
  const restore = async (): Promise<void> => {
    if (!spoiled || begun === undefined) return
    spoiled = false
    await transactions.begin(...begun)
    for (const { sql, params, answer } of done) if ((await step(sql, params, begun[1])).step.answer !== answer) throw new ChangedMeanwhile()
  }
  return {
    ...wire,
    async *pages(...given) {
      await restore()
      yield* wire.pages(...given)
    },
    run: async (sql, params, call, quick) => {
      await restore()
      const { result, step: one } = await step(sql, params, call, quick)
      // Metadata has estimates, which change by themselves.
      if (begun !== undefined && quick !== true) done.push(one)
      return result
    },
    transactions: {
      begin: async (...given) => {
        forget()
        await transactions.begin(...given)
        if (given[0] === "write") begun = given
      },
      commit: async (call) => {
        await restore()
        await transactions.commit(call)
        forget()
      },
      rollback: async () => {
        forget()
        await transactions.rollback()
      },
      ...(transactions.leave === undefined ? {} : { leave: () => transactions.leave?.() }),
      ...(transactions.holds === undefined ? {} : { holds: () => transactions.holds?.() ?? false }),
      savepoint: async (work) => {
        const before = done.length
        try {
          return await work()
        } catch (error) {
          done = done.slice(0, before)
          spoiled = begun !== undefined
          await transactions.rollback()
          throw error
        }
      },
    },
  }
}
