import { sql } from "kysely"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import { callHub } from "../../core/remedies.ts"
import { record } from "../audit/audit.ts"
import type { Principal } from "../base/principal.ts"
import { targetOf } from "./connector-change.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import type { ConnectorRow } from "./connector-row.ts"

/**
 * Stops all uses of a connector whose credentials the far side refused, on every node, unless the connector was changed meanwhile.
 * A failure to store that is logged: the caller is told the refusal anyway.
 */
export async function stopUses(
  { store, log, logins, warm }: Pick<ConnectorParts, "store" | "log" | "logins" | "warm">,
  by: Principal,
  { id, name, version }: Pick<ConnectorRow, "id" | "name" | "version">,
  code: ErrorCode,
): Promise<void> {
  logins.refuse(id)
  warm.drop(id)
  try {
    await store.inWorkspace(by.workspace.id, async (tx) => {
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
    log.warn({ err: error, connector: id }, "refused credentials could not be noted")
  }
  // The uses that read the credentials before the refusal was stored are refused too.
  logins.refuse(id)
}

/** Refuses a connector whose credentials the far side refuses. */
export function requireAccepted(row: ConnectorRow): void {
  if (row.refused_at !== null) throw credentialsRefused(row.name, row.refused_at)
}

/** The refusal of a use, since when it holds if that is known. */
export function credentialsRefused(name: string, at?: Date): PlatformError {
  const since = at?.toISOString()
  const message = `The system refuses the credentials of ${name}${since === undefined ? "" : ` since ${since}`}, so they are not tried again; enter a new secret, switch or roll back, or test it.`
  const remedies = [
    callHub("Test it, once the system accepts the credentials again", "POST", `/v1/connectors/${name}/test`, `jackfield connectors test ${name}`),
    callHub("Or stage new credentials", "PUT", `/v1/connectors/${name}/credentials/next`, `jackfield connectors credentials stage ${name} --secret password`),
  ]
  return new PlatformError("credentials_refused", message, { remedies, ...(since === undefined ? {} : { details: { since } }) })
}
