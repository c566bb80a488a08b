import { sql } from "kysely"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Trace } from "../../core/trace.ts"
import { record } from "../audit/audit.ts"
import type { Principal } from "../base/principal.ts"
import type { HubParts } from "../hub.ts"
import { targetOf } from "./connector-change.ts"
import type { ConnectorRow } from "./connector-view.ts"
import type { Opened } from "./connectors.ts"
import { Logins } from "./login-gate.ts"

/** One use of an open connector, told how it went. */
export interface ConnectorUse {
  /** Notes the login as soon as a stage of the lease says that it worked. */
  watch(trace: Trace): void
  worked(): void
  /** After a refused login nothing uses the connector any more, on any node, until something lifts that. */
  failed(error: unknown): Promise<void>
  /** Ends the use, however it went; idempotent. */
  done(): void
}

/** The uses of connectors by this process, and the stop after the first refused login. */
export class ConnectorUses {
  readonly #parts: HubParts
  readonly #logins = new Logins()

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** Waits for its turn to log in; `credentials_refused` when the far side has refused the credentials since they were read. */
  async begin(by: Principal, opened: Opened, signal?: AbortSignal): Promise<ConnectorUse> {
    const use = await this.#logins.enter(opened, () => credentialsRefused(opened.name), signal)
    const failed = async (error: unknown): Promise<void> => {
      if (error instanceof PlatformError && use.failed(error)) await this.stop(by, opened, error.code)
    }
    return { watch: use.watch, worked: use.worked, failed, done: use.done }
  }

  /** Stops all use of a connector whose credentials were refused, unless it was changed meanwhile. What it cannot store it logs: the failure itself is told anyway. */
  async stop(by: Principal, { id, name, version }: Pick<Opened, "id" | "name" | "version">, code: ErrorCode): Promise<void> {
    this.#logins.refuse(id)
    try {
      await this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
        const stopped = await tx
          .updateTable("connectors")
          .set({ refused_at: sql<Date>`now()`, status: "error" })
          .where("workspace_id", "=", by.workspace.id)
          .where("id", "=", id)
          .where("version", "=", version)
          .where("refused_at", "is", null)
          .where("status", "!=", "disabled")
          .executeTakeFirstOrThrow()
        if (stopped.numUpdatedRows > 0n) await record(tx, by, { action: "credentials.refuse", target: targetOf({ id, name }), details: { version, code } })
      })
    } catch (error) {
      this.#parts.log.warn({ err: error, connector: id }, "refused credentials could not be noted")
    }
    // Whoever read them before it was noted is refused too.
    this.#logins.refuse(id)
  }
}

/** Refuses a connector whose credentials the far side refuses. */
export function requireAccepted(row: ConnectorRow): void {
  if (row.refused_at !== null) throw credentialsRefused(row.name, row.refused_at)
}

function credentialsRefused(name: string, at?: Date): PlatformError {
  const since = at?.toISOString()
  const message = `The system refuses the credentials of ${name}${since === undefined ? "" : ` since ${since}`}, so they are not tried again; enter a new secret, switch or roll back, or test it.`
  return new PlatformError("credentials_refused", message, since === undefined ? {} : { details: { since } })
}
