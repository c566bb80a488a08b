import { createHash } from "node:crypto"
import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"

/** Failures in any 15 minutes: of one e-mail from one address, of one e-mail from everywhere, of one address for all e-mails. */
const PAIR_MOST = 10
const EMAIL_MOST = 100
const ADDRESS_MOST = 100
const SPAN = "15 minutes"

/**
 * Failed logins, counted by e-mail and source address in the store, so for all nodes together. Who is known from an address (a login
 * from there within 30 days) is not held up by what others do elsewhere.
 */
export class LoginAttempts {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Counts an attempt, or throws `rate_limited` with the seconds to wait. What `succeeded` does not take back stays a failure. */
  async begin(email: string, address: string): Promise<void> {
    const { rows } = await this.#store.asHub((tx) =>
      sql<{
        wait: number
      }>`select jackfield.login_attempt(${hashOf(email)}, ${sourceOf(address)}, ${PAIR_MOST}, ${EMAIL_MOST}, ${ADDRESS_MOST}, ${SPAN}) as wait`.execute(tx),
    )
    const retryAfterSeconds = rows[0]?.wait ?? 0
    if (retryAfterSeconds > 0)
      throw new PlatformError("rate_limited", `Too many failed logins for this e-mail or from this address; try again in ${retryAfterSeconds} seconds.`, {
        details: { retryAfterSeconds },
      })
  }

  /** Forgets the failures of that e-mail from that address, and knows the address from then on. */
  async succeeded(tx: Tx, email: string, address: string): Promise<void> {
    await tx
      .updateTable("login_attempts")
      .set({ failures: 0, succeeded_at: sql<Date>`clock_timestamp()` })
      .where("email", "=", hashOf(email))
      .where("address", "=", sourceOf(address))
      .execute()
  }
}

const hashOf = (email: string): Buffer => createHash("sha256").update(email.toLowerCase()).digest()

/** Of an IPv6 address its first 64 bits: the rest is anybody's to choose. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(":")) return address
  const [head = "", tail] = address.replace(/%.*$/, "").split("::", 2)
  const groups = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const all = tail === undefined ? groups : [...groups, ...Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => "0"), ...after]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`
}
