import { type Fault, PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import { uniqueViolation } from "../../store/store.ts"
import { looksLikeId } from "../base/ids.ts"

/** The form of a handle: letters, digits, `_`, `.` and `-`. */
export const HANDLE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/

/** A title as a handle: `Customer Data Warehouse` → `customer-data-warehouse`. */
function slugOf(title: string): string {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
  return (
    plain
      .replace(/[^a-z0-9_.]+/g, "-")
      .replace(/^[-_.]+|[-_.]+$/g, "")
      .slice(0, 90) || "connector"
  )
}

/** A free handle in the workspace, made from the title. The caller holds the lock on the workspace's row, so that it stays free. */
export async function freeHandle(tx: Tx, workspaceId: string, title: string): Promise<string> {
  const slug = slugOf(title)
  const like = `${slug.replace(/[\\%_]/g, "\\$&")}%`
  const rows = await tx.selectFrom("connectors").select("name").where("workspace_id", "=", workspaceId).where("name", "like", like).execute()
  const taken = new Set(rows.map((row) => row.name))
  if (!taken.has(slug) && !looksLikeId(slug)) return slug
  let number = 2
  while (taken.has(`${slug}-${number}`)) number++
  return `${slug}-${number}`
}

/** Refuses a handle that another connector has, or that looks like an id. */
export async function requireFree(tx: Tx, workspaceId: string, name: string): Promise<void> {
  if (looksLikeId(name)) {
    const message = "must not look like an id."
    throw new PlatformError("request_invalid", `The name ${message}`, { faults: [{ pointer: "/name", message }] })
  }
  const taken = await tx.selectFrom("connectors").select("id").where("workspace_id", "=", workspaceId).where("name", "=", name).executeTakeFirst()
  if (taken !== undefined) throw alreadyNamed(name)
}

/** A unique violation on the name as `name_taken`; any other error as it is. */
export const nameTaken = (error: unknown, name: string): unknown => (uniqueViolation(error)?.includes("name") === true ? alreadyNamed(name, error) : error)

function alreadyNamed(name: string, cause?: unknown): PlatformError {
  const faults: Fault[] = [{ pointer: "/name", message: "is taken." }]
  return new PlatformError("name_taken", `The workspace has a connector named ${name} already; choose another name or change that one.`, { cause, faults })
}
