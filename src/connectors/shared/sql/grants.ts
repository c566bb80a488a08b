import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { type Remedy, runSql } from "../../../core/remedies.ts"
import { brief, type ErrorTable, explainBy, type Said } from "./errors.ts"
import { type SqlConnection, transacted } from "./wire.ts"

/** Privileges on one thing. */
export interface Right {
  readonly privileges: readonly string[]
  /** The kind of the thing as GRANT names it: `SCHEMA`, `DATABASE`; absent for tables and views. */
  readonly on?: string
  readonly path: readonly string[]
  /** What follows the name: the arguments of a function. */
  readonly after?: string
}

/** A name for a statement that people copy; undefined if the system has no way to write the name in visible characters. */
export type Spell = (name: string) => string | undefined

/** Characters that a terminal obeys, or that make a text look like another: control, format and line characters. */
export const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u

/** A dialect's own quoting, for names of visible characters. */
export const visibly =
  (ident: (name: string) => string): Spell =>
  (name) =>
    name === "" || INVISIBLE.test(name) ? undefined : ident(name)

/** The GRANT of a right to an account that is spelled already; none if a name cannot be spelled. */
export function grantOf(spell: Spell, { privileges, on, path, after = "" }: Right, account: string | undefined): readonly Remedy[] {
  const names = path.map(spell)
  if (account === undefined || names.includes(undefined) || INVISIBLE.test(after)) return []
  const rights = privileges.join(", ")
  const sql = `GRANT ${rights} ON ${on === undefined ? "" : `${on} `}${names.join(".")}${after} TO ${account}`
  return [runSql(`Grant ${rights}, as the owner or an administrator`, sql)]
}

/** `run GRANT …; GRANT …`, or the rights in words if no statement could be spelled. */
export const nextOf = (remedies: readonly Remedy[], otherwise: string): string =>
  remedies.length === 0 ? otherwise : `run ${remedies.flatMap(({ sql = [] }) => sql).join("; ")}`

/** A refusal with the GRANTs that lift it, or as it is if there are none. */
export function mendedBy(error: PlatformError, remedies: readonly Remedy[]): PlatformError {
  if (remedies.length === 0) return error
  const { code, cause, details } = error
  return new PlatformError(code, `${error.message.replace(/; [^;]*\.$/, "")}; ${nextOf(remedies, "")}.`, { cause, details, remedies })
}

/** A statement that the system refused for want of a right. */
export interface Refused {
  readonly said: Said
  /** The rights on `path` that the work needs. */
  readonly privileges: readonly string[]
  /** The stream that the work is about, if it is about one. */
  readonly path?: readonly string[]
  /** The caller's own statement. */
  readonly statement?: string
}

/** How a type finds out which rights an account lacks. */
export interface Grants<C> {
  /** The account that is used, spelled as GRANT takes it; undefined if it cannot be spelled. */
  account(client: C, call: Call): Promise<string | undefined>
  /**
   * The statements that give the missing rights, with the account's and the objects' real names; empty if they are not
   * known. Rights that the account has are never among them. Called in a reading transaction of its own, after the failed one.
   */
  lacking(client: C, refused: Refused, call: Call): Promise<readonly Remedy[]>
}

/** The error of a refused right with the GRANTs that give it; any other error as it is. */
export async function withGrants<C extends SqlConnection<never>>(
  { errors, grants }: { readonly errors: ErrorTable; readonly grants?: Grants<C> },
  client: C,
  error: unknown,
  need: Omit<Refused, "said">,
  call: Call,
): Promise<unknown> {
  const known = explainBy(errors)(error)
  const said = errors.said(error)
  if (known?.code !== "permission_denied" || said === undefined || grants === undefined) return error
  const remedies = await transacted(client.wire, "read", call, () => grants.lacking(client, { ...need, said }, call)).catch(() => [])
  if (remedies.length === 0) return error
  const message = `The ${errors.login} lacks a permission: ${brief(said.text)}; ${nextOf(remedies, "")}.`
  return new PlatformError("permission_denied", message, { cause: error, details: known.details, remedies })
}
