import type { Call } from "../../../core/call.ts"
import { type Remedy, runSql } from "../../../core/remedies.ts"
import type { Stream, WriteMode } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { qualified } from "./dialect.ts"
import { deniedWrite, isDenied } from "./errors.ts"
import { INVISIBLE, nextOf } from "./grants.ts"
import type { SqlType } from "./type.ts"
import { type SqlConnection, transacted } from "./wire.ts"

/** A write as its rights depend on it. */
interface Asked {
  readonly to: Stream
  readonly columns: readonly Pick<Column, "name">[]
  readonly mode: WriteMode
  readonly deletes: boolean
}

/**
 * The error of a write: one that was refused for want of a right says what to grant. Where the type can ask the server, that is what
 * lacks; elsewhere it is what such a write needs.
 */
export async function explainWrite<B, C extends SqlConnection<B>>(type: SqlType<B, C>, client: C, error: unknown, asked: Asked, call: Call): Promise<unknown> {
  const { errors, writer, dialect, catalog, grants } = type
  const said = errors.said(error)
  if (said === undefined || !isDenied(errors, error)) return error
  const { to, mode, columns } = asked
  const rights = [...(mode === "append" ? ["INSERT"] : ["SELECT", "INSERT", "UPDATE"]), ...(asked.deletes ? ["DELETE"] : [])]
  const path = catalog.whole?.(client, to.path) ?? to.path
  const names = columns.map(({ name }) => name)
  const found = async (): Promise<Lacking> => {
    const lacking = await writer?.lacking?.(client, { path, columns: names, rights, mode }, call)
    // A name that is not all visible is spelled by the type's own rules.
    if (lacking === undefined || lacking.some((each) => INVISIBLE.test(each)))
      return { nothing: false, remedies: (await grants?.lacking(client, { said, path, privileges: rights }, call)) ?? [] }
    const account = lacking.length === 0 ? undefined : await grants?.account(client, call)
    const grant = (each: string) => runSql(`Grant ${each.split(" ON ", 1)[0]}, as the owner or an administrator`, `GRANT ${each} TO ${account}`)
    return { nothing: lacking.length === 0, remedies: account === undefined ? [] : lacking.map(grant) }
  }
  // Where the server cannot be asked, its refusal stays the error.
  const { nothing, remedies } = await transacted(client.wire, "read", call, found).catch((): Lacking => ({ nothing: false, remedies: [] }))
  const more = writer?.needs?.[mode]
  const usual = `grant it ${rights.join(", ")} on ${qualified(dialect, to.path)}${more === undefined ? "" : `, and ${more}`}`
  const whole = `it has every right on ${to.path.join(".")} itself, so grant what the server names: a trigger, a function or another table needs it`
  return deniedWrite(errors, error, to.path.join("."), nothing ? whole : nextOf(remedies, usual), remedies)
}

interface Lacking {
  /** The account has every right on the target itself. */
  readonly nothing: boolean
  readonly remedies: readonly Remedy[]
}
