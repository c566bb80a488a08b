import { type Selectable, sql } from "kysely"
import { canonical, Follower, genesisOf, type Link } from "../../core/audit-chain.ts"
import { PlatformError } from "../../core/errors.ts"
import type { AuditEntries } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import type { AuditTarget } from "./audit.ts"

/** An entry as answers show it; `hash` covers the entry and the hash of the one before. */
export interface AuditEntry {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
  readonly action: string
  readonly actor: { readonly id: string; readonly kind: string; readonly name: string }
  readonly role: string | null
  readonly target: AuditTarget | null
  readonly details: Readonly<Record<string, unknown>>
  readonly requestId: string | null
  readonly remoteAddress: string | null
}

/** `actor` and `target` are ids or names; `action` may end in `.*`; `from` is inclusive, `to` exclusive. */
export interface AuditFilter extends PageQuery {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
}

/** An entry by its number and hash: the end of a chain, or the last entry that was removed. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

/** Both ends of a chain. `removed` is the last entry that was removed, as the plan says; absent as long as all are there. */
export interface AuditEnds {
  readonly head: AuditHead
  readonly removed?: AuditHead
}

/** The result of a check: `ok` and the ends of the chain, or else the first broken entry and the reason. `entries` are the intact ones. */
export interface AuditVerdict extends AuditEnds {
  readonly ok: boolean
  readonly entries: number
  readonly broken?: { readonly seq: number; readonly reason: string }
}

const BATCH = 500

/** Reads the audit of a workspace in pages or whole, and checks its chain. */
export class AuditLog {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** A page of entries, the newest first. */
  async list(by: Principal, filter: AuditFilter): Promise<Page<AuditEntry>> {
    const before = decodeCursor(filter.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      let matching = tx.selectFrom("audit_entries").where("workspace_id", "=", by.workspace.id)
      const { actor, action, target, from, to } = filter
      if (actor !== undefined) matching = matching.where(({ or, eb }) => or([eb("actor_id", "=", actor), eb("actor_name", "=", actor)]))
      if (target !== undefined) matching = matching.where(({ or, eb }) => or([eb("target_id", "=", target), eb("target_name", "=", target)]))
      if (action?.endsWith(".*")) matching = matching.where(sql<boolean>`starts_with(action, ${action.slice(0, -1)})`)
      else if (action !== undefined) matching = matching.where("action", "=", action)
      if (from !== undefined) matching = matching.where("at", ">=", new Date(from))
      if (to !== undefined) matching = matching.where("at", "<", new Date(to))
      let page = matching
        .selectAll()
        .orderBy("seq", "desc")
        .limit(filter.limit + 1)
      if (before > 0) page = page.where("seq", "<", before)
      const rows = await page.execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const cut = pageOf(rows, filter.limit, total, (row) => row.seq)
      return { ...cut, data: cut.data.map(viewOf) }
    })
  }

  /** The present ends of the chain of the caller's workspace. A walk up to its head is not disturbed by later entries. */
  async ends(by: Principal): Promise<AuditEnds> {
    const row = await this.#store.inWorkspace(by.workspace.id, (tx) =>
      tx.selectFrom("audit_heads").select(["seq", "hash", "removed_seq", "removed_hash"]).where("workspace_id", "=", by.workspace.id).executeTakeFirst(),
    )
    if (row === undefined) return { head: { seq: 0, hash: genesisOf(by.workspace.id) } }
    const head = { seq: row.seq, hash: row.hash.toString("hex") }
    return row.removed_hash === null ? { head } : { head, removed: { seq: row.removed_seq, hash: row.removed_hash.toString("hex") } }
  }

  /** Every entry between the ends, the oldest first. Each batch is read in a transaction of its own. Fails if entries are removed before they are read. */
  async *entries(by: Principal, ends: AuditEnds, signal: AbortSignal): AsyncGenerator<AuditEntry> {
    for await (const row of this.#rows(by, ends, signal)) yield viewOf(row)
  }

  /**
   * Checks the whole chain. `seen` is an end that the caller noted earlier: a chain that was cut off and rewritten with a new
   * head is consistent in itself, but lacks that entry.
   */
  async verify(by: Principal, signal: AbortSignal, seen?: AuditHead): Promise<AuditVerdict> {
    const ends = await this.ends(by)
    requireKept(ends, seen)
    const { head, removed } = ends
    const chain = new Follower(removed?.seq ?? 0, removed?.hash ?? genesisOf(by.workspace.id))
    const verdict = (ok: boolean) => ({ ok, entries: chain.seq - (removed?.seq ?? 0), ...ends })
    const broken = (seq: number, reason: string): AuditVerdict => ({ ...verdict(false), broken: { seq, reason: `${reason}.` } })
    try {
      for await (const row of this.#rows(by, ends, signal)) {
        const link = linkOf(row)
        const wrong = chain.follow(link)
        if (wrong !== undefined) return broken(chain.seq + 1, wrong)
        if (misfiled(row)) return broken(link.seq, `entry ${link.seq} is filed under something else than it says`)
        if (seen?.seq === link.seq && seen.hash !== link.hash) return broken(link.seq, `entry ${link.seq} has another hash than the one that was noted`)
      }
    } catch (error) {
      if (error instanceof Overtaken) return await this.verify(by, signal, seen)
      throw error
    }
    if (chain.seq < head.seq) return broken(chain.seq + 1, `the chain ends at entry ${chain.seq}, and its head says ${head.seq}`)
    if (chain.hash !== head.hash) return broken(head.seq, "the head names another hash than the last entry has")
    if (seen !== undefined && seen.seq > head.seq) return broken(head.seq + 1, `entry ${seen.seq}, which was noted, is not there`)
    return verdict(true)
  }

  async *#rows(by: Principal, { head, removed }: AuditEnds, signal: AbortSignal): AsyncGenerator<Selectable<AuditEntries>> {
    for (let after = removed?.seq ?? 0; after < head.seq; ) {
      signal.throwIfAborted()
      const from = after
      const rows = await this.#store.inWorkspace(by.workspace.id, (tx) =>
        tx
          .selectFrom("audit_entries")
          .selectAll()
          .where("workspace_id", "=", by.workspace.id)
          .where("seq", ">", from)
          .where("seq", "<=", head.seq)
          .orderBy("seq")
          .limit(BATCH)
          .execute(),
      )
      if (rows[0]?.seq !== after + 1 && ((await this.ends(by)).removed?.seq ?? 0) > after) throw new Overtaken(after + 1)
      yield* rows
      const end = rows.at(-1)
      if (end === undefined) return
      after = end.seq
    }
  }
}

/** Entries that were to be read next were removed meanwhile, since the workspace keeps only so many. */
class Overtaken extends PlatformError {
  constructor(seq: number) {
    super("store_unavailable", `Entry ${seq} of the audit was removed while it was about to be read, as the workspace's plan says; begin again.`)
  }
}

/** Refuses an end that was noted so long ago that its entry is no longer kept. */
function requireKept({ removed }: AuditEnds, seen: AuditHead | undefined): void {
  if (seen === undefined || removed === undefined || seen.seq > removed.seq) return
  if (seen.seq === removed.seq && seen.hash === removed.hash) return
  const message = `names entry ${seen.seq}, which is no longer kept: the audit begins at entry ${removed.seq + 1}. Use an end that was noted later.`
  throw new PlatformError("request_invalid", `seq ${message}`, { faults: [{ pointer: "/querystring/seq", message }] })
}

const linkOf = (row: Selectable<AuditEntries>): Link => ({
  seq: row.seq,
  at: row.at.toISOString(),
  previous: row.previous.toString("hex"),
  hash: row.hash.toString("hex"),
  body: row.body,
})

function viewOf(row: Selectable<AuditEntries>): AuditEntry {
  const { body, ...link } = linkOf(row)
  return { ...link, ...(JSON.parse(body) as Omit<AuditEntry, "seq" | "at" | "previous" | "hash">) }
}

/** Whether the columns that lists filter by differ from the entry. The hash does not cover them, and a wrong one would hide the entry. */
function misfiled(row: Selectable<AuditEntries>): boolean {
  const { action, actor, target } = viewOf(row)
  const says = canonical([action, actor.id, actor.name, target?.id, target?.name])
  const filed = canonical([row.action, row.actor_id, row.actor_name, row.target_id, row.target_name])
  return says !== filed
}
