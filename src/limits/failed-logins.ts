import { createHash } from "node:crypto"
import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Tx } from "../store/database.ts"
import type { Store } from "../store/store.ts"

/** The most failures in any 15 minutes: of one e-mail from one address, of one e-mail from all addresses, of one address for all e-mails. */
const PAIR_MOST = 10
const EMAIL_MOST = 100
const ADDRESS_MOST = 100
const SPAN = "15 minutes"

/**
 * The rate limit of failed logins, by e-mail and source address, over all nodes. A person who has logged in from an address within
 * 30 days is not held up by failures from other addresses.
 */
export class FailedLogins {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Counts an attempt as failed until `succeeded` takes it back; `rate_limited` with the seconds to wait when there were too many. */
  async take(email: string, address: string): Promise<void> {
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

  /** Forgets the failures of that e-mail from that address, which is a known one from then on. */
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

/** The address as it is counted. Of an IPv6 address these are the first 64 bits, because its owner chooses the rest freely. */
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
