import { AsyncLocalStorage } from "node:async_hooks"
import { CompiledQuery, type DatabaseConnection, PostgresDialect, type PostgresDialectConfig, PostgresDriver, type TransactionSettings } from "kysely"
import { PlatformError } from "../core/errors.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The workspace of the next transaction; "" for none. */
const workspace = new AsyncLocalStorage<string>()

/** Runs `work`, whose transactions belong to that workspace ("" for none). */
export function belongingTo<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
  assertId(workspaceId)
  return workspace.run(workspaceId, work)
}

/**
 * The message that begins a transaction of that workspace. The id is inserted into the text, because a message of two
 * statements takes no parameters; only UUIDs get here.
 */
export function beginIn(workspaceId: string, mode = ""): string {
  assertId(workspaceId)
  return `begin${mode}; select set_config('app.workspace', '${workspaceId}', true)`
}

function assertId(workspaceId: string): void {
  if (workspaceId !== "" && !UUID.test(workspaceId)) throw new PlatformError("internal", "A workspace id that is not a UUID reached the store.")
}

/**
 * Begins every transaction together with its workspace in one message, which saves a round trip and leaves no
 * transaction without a workspace.
 */
class WorkspaceDriver extends PostgresDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const id = workspace.getStore()
    if (id === undefined) throw new PlatformError("internal", "A transaction began outside inWorkspace and asHub.")
    const mode = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ""
    await connection.executeQuery(CompiledQuery.raw(beginIn(id, mode)))
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
