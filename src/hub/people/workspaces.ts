import { randomUUID } from "node:crypto"
import { PlatformError } from "../../core/errors.ts"
import { goOnIn } from "../../store/crossing.ts"
import type { Tx } from "../../store/database.ts"
import { allWorkspaces, type FoundWorkspace, membershipsOf } from "../../store/lookups.ts"
import type { Store } from "../../store/store.ts"
import { newApiKey } from "../../vault/tokens.ts"
import { record } from "../audit/audit.ts"
import { taken } from "../base/names.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import { type Plan, type PlanPatch, patched, planFrom } from "../base/plans.ts"
import type { Principal } from "../base/principal.ts"
import { insertKey } from "./keys.ts"

export interface WorkspaceView {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly title: string
  readonly createdAt: string
  readonly plan: Plan
}

export interface WorkspacePatch {
  readonly name?: string
  readonly title?: string
  readonly plan?: PlanPatch
}

/** Workspaces. Operators make, limit and remove them; other callers see their own. */
export class Workspaces {
  readonly #store: Store
  readonly #removed: () => void

  /** `removed` is called after a workspace and its keys were removed. */
  constructor(store: Store, removed: () => void) {
    this.#store = store
    this.#removed = removed
  }

  /** All workspaces for an operator, the caller's own for others; the oldest first. */
  async list(by: Principal, query: PageQuery): Promise<Page<WorkspaceView>> {
    const seen = await this.#seen(by)
    const after = decodeCursor(query.cursor)
    const rows = seen.filter((each) => each.serial > after).slice(0, query.limit + 1)
    const page = pageOf(rows, query.limit, seen.length, (row) => row.serial)
    return { ...page, data: page.data.map(viewOf) }
  }

  /** A workspace that the caller may see, by id, name or serial number. */
  async get(by: Principal, ref: string): Promise<WorkspaceView> {
    return viewOf(named(await this.#seen(by), ref))
  }

  /** Makes a workspace with an admin key, which is shown only now. A user who makes a workspace becomes its admin. */
  async create(by: Principal, input: { readonly name: string; readonly title?: string }): Promise<WorkspaceView & { readonly key: string }> {
    const id = randomUUID()
    const key = newApiKey()
    return this.#store.inWorkspace(id, async (tx) => {
      const made = await makeWorkspace(tx, id, input, by.kind === "session" ? by.id.slice("user:".length) : undefined)
      const first = await insertKey(tx, id, by.id, key, { name: "first admin key", role: "admin" })
      const event = { action: "workspace.create", target: { kind: "workspace", id, name: made.name }, details: { title: made.title, key: first.id } } as const
      await record(tx, { ...by, workspace: { id } }, event)
      await goOnIn(tx, by.workspace.id)
      await record(tx, by, event)
      return { ...made, key }
    })
  }

  /**
   * Changes the given parts. Admins of the workspace and operators change names and titles, operators plans. Things beyond a new
   * plan stay.
   */
  async change(by: Principal, ref: string, patch: WorkspacePatch): Promise<WorkspaceView> {
    const { id, serial, created_at } = named(await this.#seen(by), ref)
    // The caller's role counts in the caller's own workspace only.
    if (!by.operator && id !== by.workspace.id) throw noWorkspace(ref)
    if (!by.operator && patch.plan !== undefined)
      throw new PlatformError("forbidden", "Only operators (admins of the hub's first workspace) change plans; ask one of them.")
    return this.#store.inWorkspace(id, async (tx) => {
      const row = await tx.selectFrom("workspaces").select(["name", "title", "plan"]).where("id", "=", id).forUpdate().executeTakeFirst()
      if (row === undefined) throw noWorkspace(ref)
      const { name = row.name, title = row.title } = patch
      const plan = patched(row.plan, patch.plan ?? {})
      await tx
        .updateTable("workspaces")
        .set({ name, title, plan: JSON.stringify(plan) })
        .where("id", "=", id)
        .execute()
        .catch((error: unknown) => Promise.reject(taken(error, name)))
      const event = {
        action: "workspace.update",
        target: { kind: "workspace", id, name },
        details: changesOf({ ...row, plan: planFrom(row.plan) }, { name, title, plan }),
      } as const
      await record(tx, { ...by, workspace: { id } }, event)
      if (id !== by.workspace.id) {
        await goOnIn(tx, by.workspace.id)
        await record(tx, by, event)
      }
      return { id, serial, name, title, createdAt: created_at.toISOString(), plan }
    })
  }

  /**
   * Removes a workspace with everything in it. The operators' audit keeps the end of the removed audit. `name` must be the name
   * of the workspace, and the first workspace cannot be removed. People who belong to no other workspace are removed too.
   */
  async remove(by: Principal, ref: string, name: string): Promise<void> {
    const all = await this.#store.asHub(allWorkspaces)
    const found = named(all, ref)
    if (found.id === all[0]?.id) throw new PlatformError("in_use", "The hub's first workspace belongs to its operators and cannot be removed.")
    if (found.name !== name) {
      const message = `must be the workspace's name, ${found.name}, to remove it with everything in it.`
      throw new PlatformError("request_invalid", `name ${message}`, { faults: [{ pointer: "/querystring/name", message }] })
    }
    await this.#store.inWorkspace(found.id, async (tx) => {
      const head = await tx.selectFrom("audit_heads").select(["seq", "hash"]).where("workspace_id", "=", found.id).executeTakeFirst()
      const people = await tx.selectFrom("memberships").select("user_id").where("workspace_id", "=", found.id).execute()
      const { count } = await tx
        .selectFrom("connectors")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("workspace_id", "=", found.id)
        .executeTakeFirstOrThrow()
      const gone = await tx.deleteFrom("workspaces").where("id", "=", found.id).executeTakeFirst()
      if (gone.numDeletedRows === 0n) throw noWorkspace(ref)
      let users = 0
      for (const { user_id } of people) users += await removeIfNobodys(tx, user_id)
      await goOnIn(tx, by.workspace.id)
      const audit = { entries: head?.seq ?? 0, hash: head?.hash.toString("hex") ?? null }
      await record(tx, by, { action: "workspace.remove", target: { kind: "workspace", id: found.id, name }, details: { connectors: count, users, audit } })
    })
    this.#removed()
  }

  async #seen(by: Principal): Promise<readonly FoundWorkspace[]> {
    return this.#store.asHub(async (tx) => {
      const all = await allWorkspaces(tx)
      if (by.operator) return all
      const own = by.kind === "session" ? (await membershipsOf(tx, by.id.slice("user:".length))).map((each) => each.workspace_id) : [by.workspace.id]
      return all.filter(({ id }) => own.includes(id))
    })
  }
}

/** Removes a login that belongs to no workspace any more, and returns how many were removed. */
export async function removeIfNobodys(tx: Tx, userId: string): Promise<number> {
  if ((await membershipsOf(tx, userId)).length > 0) return 0
  const { numDeletedRows } = await tx.deleteFrom("users").where("id", "=", userId).executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

/** Inserts a workspace inside its own transaction. */
export async function makeWorkspace(
  tx: Tx,
  id: string,
  input: { readonly name: string; readonly title?: string },
  adminId: string | undefined,
): Promise<WorkspaceView> {
  const row = await tx
    .insertInto("workspaces")
    .values({ id, name: input.name, title: input.title ?? input.name })
    .returning(["serial", "title", "created_at"])
    .executeTakeFirstOrThrow()
    .catch((error: unknown) => Promise.reject(taken(error, input.name)))
  if (adminId !== undefined) await tx.insertInto("memberships").values({ workspace_id: id, user_id: adminId, role: "admin" }).execute()
  return { id, serial: row.serial, name: input.name, title: row.title, createdAt: row.created_at.toISOString(), plan: {} }
}

function named(all: readonly FoundWorkspace[], ref: string): FoundWorkspace {
  const found = all.find(({ id, name }) => [id, name].includes(ref)) ?? all.find(({ serial }) => String(serial) === ref)
  if (found === undefined) throw noWorkspace(ref)
  return found
}

const noWorkspace = (ref: string): PlatformError =>
  notFound(`There is no workspace ${ref.slice(0, 100)}`, { things: "workspaces", path: "/v1/workspaces", command: "jackfield workspaces list" })

const viewOf = ({ id, serial, name, title, created_at, plan }: FoundWorkspace): WorkspaceView => ({
  id,
  serial,
  name,
  title,
  createdAt: created_at.toISOString(),
  plan: planFrom(plan),
})

/** The changes, as `{ field: { from, to } }`. */
export const changesOf = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(after).flatMap(([name, to]) => (JSON.stringify(before[name]) === JSON.stringify(to) ? [] : [[name, { from: before[name], to }]])),
  )
