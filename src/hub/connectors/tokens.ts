import { createHmac, randomUUID } from "node:crypto"
import { untilAborted } from "../../core/abort.ts"
import type { Token, TokenAsk, TokenGrant, TokenSource } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { retrying } from "../../core/retry.ts"
import { holdSecrets } from "../../core/scrub.ts"
import type { HubParts } from "../parts.ts"
import { type Asker, fail, HELD_MS, keep, type Login, look, renew } from "./token-rows.ts"

/** The owner of tokens, and whether the owner may see why the door denies the endpoint. */
export interface TokenOwner {
  readonly workspaceId: string
  /** Undefined for a config that is not stored. */
  readonly connectorId?: string
  readonly operator: boolean
}

type Parts = Pick<HubParts, "store" | "vault" | "door" | "log">

/** The deadline of a request to the endpoint, which continues when the call that needed the token ends. */
const GRANT_MS = 20_000
/** A caller that waits for another's request looks again after POLL_MS, for at most WAIT_MS. */
const POLL_MS = 100
const WAIT_MS = 30_000
/** How long the hub tries to store a token that the endpoint gave. */
const KEEP_MS = 60_000

/**
 * The access tokens of OAuth 2.0 logins, sealed in the store and shared by all nodes. Of all callers that need a token at once,
 * one asks the endpoint. Tokens are stored before they are used, so that a new refresh token is lost only when the hub ends
 * between the provider's answer and the commit.
 */
export class Tokens {
  readonly #parts: Parts
  readonly #flights = new Map<string, Promise<Token>>()
  #key: Promise<Uint8Array> | undefined
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The token source of a session of this owner. A failure of the endpoint reaches every caller that waits for it. */
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
      // Operators do not share a request with others, because only they are told why an address is denied.
      const key = [login.identity, login.terms, operator, connectorId, ask.refused].join(" ")
      const going = this.#flights.get(key)
      if (going !== undefined) return going
      const flight = this.#obtain(login, ask, operator).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
      return flight
    }
  }

  /** Waits until running requests have ended and their tokens are stored. */
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
          throw new PlatformError("timed_out", "Another call has waited too long for the token of this login; call again in a moment.")
      } else if ("mine" in found) return { value: await this.#refresh(login, asker, ask, operator, found.mine), cached: false }
      else return { value: found.token, cached: found.cached }
    }
  }

  /** Asks the endpoint, and stores the token before it returns it. */
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

  /**
   * Asks once more when the connection broke before the answer came. The provider may have given nothing, or may accept the last
   * refresh token again for a moment.
   */
  async #grant(ask: TokenAsk, operator: boolean, refreshToken: string | undefined): Promise<TokenGrant> {
    await using lease = this.#parts.door.lease({ deadlineMs: GRANT_MS, operator })
    const again = (error: unknown) => (error instanceof PlatformError && error.code === "connection_lost" ? { reason: error.code } : undefined)
    const retries = { most: 1, again, signal: lease.signal, remainingMs: () => lease.remainingMs() }
    return await retrying(() => untilAborted(lease.signal, ask.grant(lease, refreshToken)), retries)
  }

  /** A token that was given cannot be asked for again, so storing it is tried for a minute. */
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

/** Failures after which the endpoint may have given a token that did not arrive. */
const UNSURE: ReadonlySet<string> = new Set(["connection_lost", "timed_out", "response_invalid", "response_too_large", "cancelled", "internal"])

/** The failure for all callers that wait. */
function explained(error: unknown, cutOff: boolean): PlatformError {
  const known =
    error instanceof PlatformError
      ? error
      : new PlatformError("internal", "The token of the login could not be requested; the log has the cause.", { cause: error })
  if (!cutOff || known.details["oauthError"] !== "invalid_grant") return known
  return new PlatformError(
    "auth_failed",
    `${known.message.split(" ", 1)[0]} refuses the refresh token (invalid_grant), and an earlier refresh was cut off before its answer was stored, so a new one may be lost; log in again and enter the new refresh token.`,
    { cause: known, details: known.details },
  )
}
