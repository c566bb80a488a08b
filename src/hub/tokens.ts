import { createHmac, randomUUID } from "node:crypto"
import { untilAborted } from "../core/abort.ts"
import type { Token, TokenAsk, TokenGrant, TokenSource } from "../core/call.ts"
import { PlatformError } from "../core/errors.ts"
import { holdSecrets } from "../core/scrub.ts"
import type { HubParts } from "./hub.ts"
import { type Asker, fail, HELD_MS, keep, type Login, look, renew } from "./token-rows.ts"

/** Whose tokens, and with which eyes the door looks at the endpoint. */
export interface TokenOwner {
  readonly workspaceId: string
  /** undefined for a config that is stored nowhere (yet). */
  readonly connectorId?: string
  readonly operator: boolean
}

type Parts = Pick<HubParts, "store" | "vault" | "door" | "log">

/** The endpoint's own deadline: it does not end with the call that happened to ask. */
const GRANT_MS = 20_000
/** Who waits for another asks again this often, and no longer than this. */
const POLL_MS = 100
const WAIT_MS = 30_000
/** How long the store is tried for what the endpoint gave. */
const KEEP_MS = 60_000

/**
 * The access tokens of OAuth 2.0 logins, kept in the store under the vault and shared by all nodes. However many ask at
 * once, one asks the endpoint; what it gives is stored before anybody uses it, so that a refresh token that took another's
 * place is lost only when the hub ends between the provider's answer and the commit.
 */
export class Tokens {
  readonly #parts: Parts
  readonly #flights = new Map<string, Promise<Token>>()
  #key: Promise<Uint8Array> | undefined
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What a session of the owner's asks. Failures of the endpoint are told to all who wait for it. */
  of(owner: TokenOwner): TokenSource {
    return async (ask) => {
      const { workspaceId, connectorId, operator } = owner
      const login: Login = {
        workspaceId,
        connectorId,
        identity: await this.#hash(workspaceId, ask.identity),
        terms: await this.#hash(workspaceId, ask.terms),
        refused: ask.refused,
      }
      // Only operators are told why an address is denied.
      const key = [login.identity, login.terms, operator, connectorId, ask.refused].join(" ")
      const going = this.#flights.get(key)
      if (going !== undefined) return going
      const flight = this.#obtain(login, ask, operator).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
      return flight
    }
  }

  /** Waits for what is being asked and stored. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#flights.values())
  }

  async #obtain(login: Login, ask: TokenAsk, operator: boolean): Promise<Token> {
    const { store, vault } = this.#parts
    const asker: Asker = { id: randomUUID(), askedAt: undefined }
    for (const end = performance.now() + WAIT_MS; ; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
      const found = await store.inWorkspace(login.workspaceId, (tx) => look(vault, tx, login, asker))
      if (found === "wait") {
        if (this.#closed || performance.now() > end)
          throw new PlatformError("timed_out", "Another call has been asking for the login's token for too long; call again in a moment.")
      } else if ("mine" in found) return { value: await this.#refresh(login, asker, ask, operator, found.mine), cached: false }
      else return { value: found.token, cached: found.cached }
    }
  }

  /** Asks the endpoint, and stores what it gave before it gives it on. */
  async #refresh(
    login: Login,
    asker: Asker,
    ask: TokenAsk,
    operator: boolean,
    { generation, refreshToken, cutOff }: { generation: number; refreshToken: string | undefined; cutOff: boolean },
  ): Promise<string> {
    const { store, vault, log } = this.#parts
    const release = holdSecrets(refreshToken === undefined ? [] : [refreshToken])
    const renewal = setInterval(() => {
      store.inWorkspace(login.workspaceId, (tx) => renew(tx, login, asker)).catch((err: unknown) => log.warn({ err }, "a token's turn was not renewed"))
    }, HELD_MS / 5)
    try {
      const grant = await this.#grant(ask, operator, refreshToken).catch(async (error: unknown) => {
        const told = explained(error, cutOff)
        await store.inWorkspace(login.workspaceId, (tx) => fail(tx, login, asker, told, !UNSURE.has(told.code)))
        throw told
      })
      const given = holdSecrets([grant.accessToken, ...(grant.refreshToken === undefined ? [] : [grant.refreshToken])])
      try {
        await this.#insist(() => store.inWorkspace(login.workspaceId, (tx) => keep(vault, tx, login, generation, refreshToken, grant)))
      } finally {
        given()
      }
      return grant.accessToken
    } finally {
      clearInterval(renewal)
      release()
    }
  }

  /** Once more when the connection broke before the answer came: the provider may have given nothing, or lets the last token be used again for a moment. */
  async #grant(ask: TokenAsk, operator: boolean, refreshToken: string | undefined): Promise<TokenGrant> {
    await using lease = this.#parts.door.lease({ deadlineMs: GRANT_MS, operator })
    const once = () => untilAborted(lease.signal, ask.grant(lease, refreshToken))
    return await once().catch((error: unknown) => (error instanceof PlatformError && error.code === "connection_lost" ? once() : Promise.reject(error)))
  }

  /** What was given cannot be asked for again: whatever the store says, it is tried for a minute. */
  async #insist(work: () => Promise<void>): Promise<void> {
    for (const end = performance.now() + KEEP_MS; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
      try {
        return await work()
      } catch (err) {
        if (performance.now() > end) throw err
        this.#parts.log.warn({ err }, "a token that was given is not stored yet; trying again")
      }
    }
  }

  async #hash(workspaceId: string, text: string): Promise<string> {
    this.#key ??= this.#parts.vault.hubKey(this.#parts.store, "tokens")
    this.#key.catch(() => {
      this.#key = undefined
    })
    return createHmac("sha256", await this.#key)
      .update(`${workspaceId}\n${text}`)
      .digest("hex")
  }
}

/** Failures after which the endpoint may have given something that nobody got. */
const UNSURE: ReadonlySet<string> = new Set(["connection_lost", "timed_out", "response_invalid", "response_too_large", "cancelled", "internal"])

/** The failure as all who wait are told it. */
function explained(error: unknown, cutOff: boolean): PlatformError {
  const known =
    error instanceof PlatformError ? error : new PlatformError("internal", "The login's token could not be asked for; the log has the cause.", { cause: error })
  if (!cutOff || known.details["oauthError"] !== "invalid_grant") return known
  return new PlatformError(
    "auth_failed",
    `${known.message.split(" ", 1)[0]} refuses the refresh token (invalid_grant), and an earlier refresh was cut off before its answer was stored, so a new one may be lost; log in again and enter the new refresh token.`,
    { cause: known, details: known.details },
  )
}
