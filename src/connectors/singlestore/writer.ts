import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Stream } from "../../core/streams.ts"
import { withDeletes } from "../shared/sql/deletes.ts"
import type { MysqlClient } from "../shared/sql/mysql/client.ts"
import type { MysqlBound } from "../shared/sql/mysql/encode.ts"
import { mysqlWriter, put, putNone, standing, transactionalInsert, uniqueKeys, withoutStrayDeletes } from "../shared/sql/mysql/writer.ts"
import { changed, inPieces, type Target, type Writer } from "../shared/sql/writer.ts"

type Into = Target<MysqlBound, MysqlClient>

/**
 * Sets the columns outside the key: columns of the key must not be updated (docs, Performing Upserts). Without such a column in the
 * batch, another column of the table is set to itself; a table that is all key has its row replaced by the same row.
 */
function onDuplicate(target: Into): string | undefined {
  const { dialect, key, stream } = target
  const set = changed(target).map(({ name }) => `${dialect.ident(name)} = VALUES(${dialect.ident(name)})`)
  const other = stream.columns.find(({ name, generated }) => !key.includes(name) && generated === undefined)
  const changes = set.length > 0 || other === undefined ? set : [`${dialect.ident(other.name)} = ${dialect.ident(other.name)}`]
  return changes.length === 0 ? undefined : ` ON DUPLICATE KEY UPDATE ${changes.join(", ")}`
}

/** The keys of a table. With several unique keys, SingleStore updates any one of the rows that a new row conflicts with, and does not say which. */
async function onlyKey(client: MysqlClient, stream: Stream, call: Call): Promise<readonly (readonly string[])[]> {
  const keys = await uniqueKeys(client, stream, call)
  if (keys.length <= 1) return keys
  const table = stream.path.join(".")
  throw new PlatformError(
    "unsupported",
    `${table} has ${keys.length} unique keys, and SingleStore does not say which of their rows an upsert changes; append instead, or keep one key.`,
  )
}

export const writer: Writer<MysqlBound, MysqlClient> = {
  append: inPieces({ ...transactionalInsert, put: (target, lines) => put(target, lines, ""), empty: (target) => putNone(target, "") }),
  upsert: withoutStrayDeletes(
    withDeletes(
      inPieces({
        ...transactionalInsert,
        put: (target, lines) => {
          const more = onDuplicate(target)
          return put(target, lines, more ?? "", more === undefined ? "REPLACE" : "INSERT")
        },
        empty: (target) => putNone(target, onDuplicate(target) ?? ""),
        // The server's own count is 2 for a change and 0 for no change.
        written: standing,
      }),
    ),
  ),
  deletes: true,
  keys: onlyKey,
  ...(mysqlWriter.column === undefined ? {} : { column: mysqlWriter.column }),
}
