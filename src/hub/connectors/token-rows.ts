import { sql } from "kysely"
import type { TokenGrant } from "../../core/call.ts"
import { ERRORS, type ErrorCode, PlatformError } from "../../core/errors.ts"
import { scrubLive } from "../../core/scrub.ts"
import type { Tx } from "../../store/database.ts"
import type { Vault } from "../../vault/vault.ts"

/** The row of one login; `identity` and `terms` are keyed hashes. */
export interface Login {
  readonly workspaceId: string
  readonly connectorId: string | undefined
  readonly identity: string
  readonly terms: string
  /** A token that the system has just refused. */
  readonly refused: string | undefined
}

/** A caller that waits for a token. Callers that asked before an answer came share it; the times are by the store's clock. */
export interface Asker {
  readonly id: string
  askedAt: string | undefined
}

/**
 * The answer of a row: a token, the turn to ask the endpoint, or "wait" for the caller who has it. `cutOff`: the caller before
 * never stored an outcome.
 */
export type Look =
  | { readonly token: string; readonly cached: boolean }
  | { readonly mine: { readonly generation: number; readonly refreshToken: string | undefined; readonly cutOff: boolean } }
  | "wait"

interface Kept {
  readonly access: string
  readonly refresh?: string
}

/** The caller that asks the endpoint renews its turn every second. After so long without a renewal the turn is free again. */
export const HELD_MS = 5_000
/** Tokens of logins that no connector has any more are kept for so long, since a change may be taken back. */
const ORPHANS_DAYS = 90

/** Finds the token, or takes the turn to ask for one. Throws the failure that came while the asker waited. */
export async function look(vault: Vault, tx: Tx, login: Login, asker: Asker): Promise<Look> {
  const { workspaceId, identity } = login
  const row = await lockedRow(tx, login)
  asker.askedAt ??= row.now
  if (row.failure !== null && row.failed) throw failureFrom(row.failure)
  const kept = row.ciphertext === null ? undefined : (JSON.parse(await vault.unseal(tx, bindingOf(login), { ciphertext: row.ciphertext })) as Kept)
  const fits = kept !== undefined && row.terms === login.terms && kept.access !== login.refused
  if (kept !== undefined && row.terms === login.terms && row.granted) return { token: kept.access, cached: false }
  if (fits && row.fresh) {
    if (row.connector_id === null && login.connectorId !== undefined) await mine(tx, login).set({ connector_id: login.connectorId }).execute()
    return { token: kept.access, cached: true }
  }
  if (row.held) return "wait"
  await tx
    .updateTable("oauth_tokens")
    .set({ holder: asker.id, held_until: heldUntil() })
    .where("workspace_id", "=", workspaceId)
    .where("identity", "=", identity)
    .execute()
  return { mine: { generation: row.generation, refreshToken: kept?.refresh, cutOff: row.holder !== null } }

  async function lockedRow(tx: Tx, { connectorId }: Login) {
    await tx
      .insertInto("oauth_tokens")
      .values({ workspace_id: workspaceId, identity, connector_id: connectorId ?? null })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const since = sql`${asker.askedAt ?? null}::timestamptz`
    return tx
      .selectFrom("oauth_tokens")
      .select(["generation", "ciphertext", "terms", "holder", "failure", "connector_id"])
      .select([
        sql<string>`clock_timestamp()::text`.as("now"),
        sql<boolean>`coalesce(failed_at >= ${since}, false)`.as("failed"),
        sql<boolean>`coalesce(granted_at >= ${since}, false)`.as("granted"),
        sql<boolean>`coalesce(expires_at > clock_timestamp(), false)`.as("fresh"),
        sql<boolean>`coalesce(held_until > clock_timestamp(), false)`.as("held"),
      ])
      .where("workspace_id", "=", workspaceId)
      .where("identity", "=", identity)
      .forUpdate()
      .executeTakeFirstOrThrow()
  }
}

/** Renews the turn of the caller that asks the endpoint. */
export async function renew(tx: Tx, login: Login, asker: Asker): Promise<void> {
  await mine(tx, login).set({ held_until: heldUntil() }).where("holder", "=", asker.id).execute()
}

/** The life of a token whose provider does not state one. */
const UNSAID_MS = 3_600_000

/**
 * Stores the tokens of the endpoint, unless newer ones are stored. The refresh token that was sent stays when none came in its
 * place. A token is used until a tenth of its life, at most 30 s, before it expires.
 */
export async function keep(vault: Vault, tx: Tx, login: Login, generation: number, sent: string | undefined, grant: TokenGrant): Promise<void> {
  const refresh = grant.refreshToken ?? sent
  const kept: Kept = { access: grant.accessToken, ...(refresh === undefined ? {} : { refresh }) }
  const { ciphertext, dataKeyId } = await vault.seal(tx, bindingOf(login), JSON.stringify(kept))
  const lifeMs = grant.expiresInMs ?? UNSAID_MS
  await mine(tx, login)
    .set({
      ciphertext,
      data_key_id: dataKeyId,
      terms: login.terms,
      generation: generation + 1,
      granted_at: sql<Date>`clock_timestamp()`,
      expires_at: sql<Date>`clock_timestamp() + ${lifeMs - Math.min(30_000, lifeMs / 10)}::float8 * interval '1 millisecond'`,
      holder: null,
      held_until: null,
      failure: null,
      failed_at: null,
      used_at: sql<Date>`now()`,
      ...(login.connectorId === undefined ? {} : { connector_id: login.connectorId }),
    })
    .where("generation", "=", generation)
    .execute()
  await forgetOthers(tx, login)
}

/**
 * Stores the failure for the callers that wait, and lets the next one ask. `sure`: the endpoint answered, so that no token was
 * given and lost.
 */
export async function fail(tx: Tx, login: Login, asker: Asker, error: PlatformError, sure: boolean): Promise<void> {
  // The endpoint's answer may repeat any secret of the connector, not only those of the grant.
  const failure = scrubLive(JSON.stringify({ code: error.code, message: error.message, details: error.details }))
  await mine(tx, login)
    .set({ failure, failed_at: sql<Date>`clock_timestamp()`, held_until: null, ...(sure ? { holder: null } : {}) })
    .where("holder", "=", asker.id)
    .execute()
}

/** Detaches a connector whose login was changed from its old tokens, and deletes tokens that no connector has used for long. */
async function forgetOthers(tx: Tx, { workspaceId, connectorId, identity }: Login): Promise<void> {
  if (connectorId !== undefined)
    await tx
      .updateTable("oauth_tokens")
      .set({ connector_id: null, used_at: sql<Date>`now()` })
      .where("workspace_id", "=", workspaceId)
      .where("connector_id", "=", connectorId)
      .where("identity", "!=", identity)
      .execute()
  await tx
    .deleteFrom("oauth_tokens")
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "is", null)
    .where("identity", "!=", identity)
    .where("used_at", "<", sql<Date>`now() - ${ORPHANS_DAYS} * interval '1 day'`)
    .execute()
}

const mine = (tx: Tx, { workspaceId, identity }: Login) =>
  tx.updateTable("oauth_tokens").where("workspace_id", "=", workspaceId).where("identity", "=", identity)

const heldUntil = () => sql<Date>`clock_timestamp() + ${HELD_MS} * interval '1 millisecond'`

const bindingOf = ({ workspaceId, identity }: Login) => ({ workspaceId, connectorId: identity, pointer: "/tokens" })

function failureFrom(stored: Readonly<Record<string, unknown>>): PlatformError {
  const code = String(stored["code"])
  const details = stored["details"] as Readonly<Record<string, unknown>> | undefined
  return new PlatformError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : "internal", String(stored["message"]), {
    ...(details === undefined ? {} : { details }),
  })
}
