import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Fields } from "../../core/fields.ts"
import { namedUploads } from "../../core/named-uploads.ts"
import type { Tx } from "../../store/database.ts"

/** Refuses a config that names a missing upload, and locks the uploads that it names until the transaction ends. */
export async function requireUploads(tx: Tx, workspaceId: string, fields: Fields, plain: Readonly<Record<string, unknown>>): Promise<void> {
  const faults: { pointer: string; message: string }[] = []
  for (const { pointer, id } of namedUploads(fields, plain)) {
    const found = await tx
      .selectFrom("uploads")
      .select("id")
      .where("workspace_id", "=", workspaceId)
      .where("id", "=", id)
      .where("completed_at", "is not", null)
      .forShare()
      .executeTakeFirst()
    if (found === undefined)
      faults.push({ pointer: `/config${pointer}`, message: `There is no upload ${id} in this workspace; list the uploads, or upload the file.` })
  }
  if (faults.length > 0) throw new PlatformError("config_invalid", faults.map(({ message }) => message).join(" "), { faults })
}

/** The names of the connectors whose config names one of these uploads, by the upload's id. */
export async function usersOf(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>()
  if (ids.length === 0) return users
  const rows = await tx
    .selectFrom("connectors")
    .select(["name", sql<string>`lower(named #>> '{}')`.as("id")])
    .innerJoinLateral(sql<{ named: unknown }>`jsonb_path_query(config, '$.** ? (@.type() == "string")')`.as("named"), (join) => join.onTrue())
    .where("workspace_id", "=", workspaceId)
    .where(sql<boolean>`lower(named #>> '{}') = any(${[...ids]}::text[])`)
    .distinct()
    .orderBy("name")
    .execute()
  for (const { name, id } of rows) users.set(id, [...(users.get(id) ?? []), name])
  return users
}
