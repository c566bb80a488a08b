import { AsyncLocalStorage } from "node:async_hooks"
import { CompiledQuery, type DatabaseConnection, PostgresDialect, type PostgresDialectConfig, PostgresDriver, type TransactionSettings } from "kysely"
import { PlatformError } from "../core/errors.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The workspace of the transaction that is about to begin; "" for none. */
const workspace = new AsyncLocalStorage<string>()

/** Runs `work` so that the transactions it begins belong to that workspace ("" = to none). */
export function belongingTo<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
  if (workspaceId !== "" && !UUID.test(workspaceId)) throw new PlatformError("internal", "A workspace id that is not a UUID reached the store.")
  return workspace.run(workspaceId, work)
}

/** Begins every transaction with its workspace in the same message: a round trip saved, and no transaction without one. */
class WorkspaceDriver extends PostgresDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const id = workspace.getStore()
    if (id === undefined) throw new PlatformError("internal", "A transaction began outside inWorkspace and asHub.")
    const mode = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ""
    // Spliced, since a message of two statements takes no parameters; only UUIDs come this far.
    await connection.executeQuery(CompiledQuery.raw(`begin${mode}; select set_config('app.workspace', '${id}', true)`))
  }
}

/** kysely's PostgreSQL dialect with that driver. */
export class WorkspaceDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig

  constructor(config: PostgresDialectConfig) {
    super(config)
    this.#config = config
  }

  override createDriver(): WorkspaceDriver {
    return new WorkspaceDriver(this.#config)
  }
}
