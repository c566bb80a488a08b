import type { Call } from "../../../core/call.ts"
import type { Stream, WriteMode } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { qualified } from "./dialect.ts"
import { deniedWrite, isDenied } from "./errors.ts"
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
  const { errors, writer, dialect, catalog } = type
  if (!isDenied(errors, error)) return error
  const { to, mode, columns } = asked
  const rights = [...(mode === "append" ? ["INSERT"] : ["SELECT", "INSERT", "UPDATE"]), ...(asked.deletes ? ["DELETE"] : [])]
  const path = catalog.whole?.(client, to.path) ?? to.path
  const names = columns.map(({ name }) => name)
  // Where the server cannot be asked, its refusal stays the error.
  const lacking =
    writer?.lacking &&
    (await transacted(client.wire, "read", call, async () => await writer.lacking?.(client, { path, columns: names, rights, mode }, call)).catch(
      () => undefined,
    ))
  const more = writer?.needs?.[mode]
  const usual = `GRANT ${rights.join(", ")} ON ${qualified(dialect, to.path)} TO it${more === undefined ? "" : `, and ${more}`}`
  const whole = `it has every right on ${to.path.join(".")} itself, so grant what the server names: a trigger, a function or another table needs it`
  const advice = lacking === undefined ? usual : lacking.length === 0 ? whole : lacking.map((each) => `GRANT ${each} TO it`).join("; ")
  return deniedWrite(errors, error, to.path.join("."), advice)
}
