import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import { uniqueViolation } from "../../store/store.ts"

/** The maker of a thing: the id that stands in `created_by`, and the present name; null when the user or key is gone. */
export interface Maker {
  readonly id: string
  readonly name: string | null
}

/** The makers behind values of `created_by`, by value. Makers are users and the keys of the transaction's workspace. */
export async function makersOf(tx: Tx, values: readonly (string | null)[]): Promise<ReadonlyMap<string, Maker>> {
  const known = [...new Set(values.filter((each) => each !== null))]
  const idsOf = (kind: string): string[] =>
    known.filter((each) => /^\w+:[0-9a-f-]{36}$/.test(each) && each.startsWith(`${kind}:`)).map((each) => each.slice(kind.length + 1))
  const [users, keys] = [idsOf("user"), idsOf("key")]
  const names = new Map<string, string>()
  if (users.length > 0)
    for (const { id, email } of await tx.selectFrom("users").select(["id", "email"]).where("id", "in", users).execute()) names.set(`user:${id}`, email)
  if (keys.length > 0)
    for (const { id, name } of await tx.selectFrom("api_keys").select(["id", "name"]).where("id", "in", keys).execute()) names.set(`key:${id}`, name)
  return new Map(known.map((id) => [id, { id, name: names.get(id) ?? null }]))
}

/** A broken unique constraint as `name_taken`; any other error as it is. */
export const taken = (error: unknown, name: string): unknown =>
  uniqueViolation(error) === undefined ? error : new PlatformError("name_taken", `${name} exists already; choose another name.`, { cause: error })
