import type { Client, Connection, FieldDef, Submittable } from "pg"
import { PlatformError } from "../../../../core/errors.ts"
import { type Before, sendBefore } from "./before.ts"
import type { PgBound } from "./encode.ts"

/** The methods through which the client library passes the server's messages to the running query. */
interface Handlers {
  handleRowDescription(message: { readonly fields: readonly Field[] }): void
  handleDataRow(message: { readonly fields: RawRow }): void
  handleCommandComplete(): void
  handlePortalSuspended(): void
  handleEmptyQuery(): void
  handleError(error: Error): void
  handleReadyForQuery(): void
}

type Field = FieldDef

/** A row as the server sends it: the text of each value. */
export type RawRow = readonly (string | null)[]

let portals = 0

/** A value without characters, measured in characters. */
const VALUE_LENGTH = 64

/**
 * A statement whose rows are taken in parts, within a transaction (PostgreSQL docs, 55.2.3). All that a part needs goes
 * out in one message, and ends with a Sync: the portal lives as long as its transaction.
 */
export class Portal {
  /** The result's columns as the server describes them; empty until the first part. */
  fields: readonly Field[] = []
  /** Whether there may be more rows. */
  suspended = false
  /** Characters of all rows so far, and for each value the memory that it takes besides. */
  length = 0
  readonly #pg: Client
  // Redshift takes no portal without a name.
  readonly #name = `jackfield_${++portals}`

  constructor(pg: Client) {
    this.#pg = pg
  }

  /** The first `count` rows; `before` are statements that run first, such as those that begin the transaction. */
  first(sql: string, params: readonly PgBound[], count: number, before: Before): Promise<RawRow[]> {
    return this.#exchange(count, before.length, (to) => {
      sendBefore(to, before)
      to.parse({ name: "", text: sql, types: [] }, true)
      to.bind({ portal: this.#name, statement: "", binary: "", values: [...params] as string[] }, true)
      to.describe({ type: "P", name: this.#name }, true)
    })
  }

  /** The next `count` rows. */
  next(count: number): Promise<RawRow[]> {
    return this.#exchange(count, 0, () => undefined)
  }

  /** Lets go of the rows that were not taken. */
  async close(): Promise<void> {
    await this.#exchange(0, 0, (to) => to.close({ type: "P", name: this.#name }, true))
  }

  #exchange(count: number, before: number, send: (to: Connection) => void): Promise<RawRow[]> {
    const rows: RawRow[] = []
    const { promise, resolve, reject } = Promise.withResolvers<RawRow[]>()
    let left = before
    this.suspended = false
    const handlers: Handlers = {
      handleRowDescription: ({ fields }) => {
        this.fields = fields
      },
      handleDataRow: ({ fields }) => {
        if (left > 0 || rows.length >= count)
          throw new PlatformError(
            "protocol_invalid",
            "The server sent more rows than it was asked for, so it is not the system that the connector expects; check host and port.",
          )
        for (const text of fields) this.length += VALUE_LENGTH + (text?.length ?? 0)
        rows.push(fields)
      },
      handleCommandComplete: () => void left--,
      handlePortalSuspended: () => {
        this.suspended = true
      },
      handleEmptyQuery: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => resolve(rows),
    }
    const submit = (to: Connection): void => {
      send(to)
      if (count > 0) to.execute({ portal: this.#name, rows: String(count) }, true)
      to.sync()
    }
    this.#pg.query<Submittable>({ submit, ...handlers } as Submittable)
    return promise
  }
}
