import type { Client, Connection, FieldDef, Submittable } from "pg"
import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import type { PgBound } from "./encode.ts"
import type { PgTypes } from "./values.ts"

/** The methods through which the client library passes the server's messages to the running query. */
interface Handlers {
  handleRowDescription(message: { readonly fields: readonly Field[] }): void
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void
  handleCommandComplete(): void
  handlePortalSuspended(): void
  handleEmptyQuery(): void
  handleError(error: Error): void
  handleReadyForQuery(): void
}

type Field = FieldDef
type Parse = (text: string) => Value

let portals = 0

/**
 * A statement whose rows are taken in parts, within a transaction (PostgreSQL docs, 55.2.3). All that a part needs goes
 * out in one message, and ends with a Sync: the portal lives as long as its transaction.
 */
export class Portal {
  /** The result's columns as the server describes them; empty until the first part. */
  fields: readonly Field[] = []
  /** Whether there may be more rows. */
  suspended = false
  readonly #pg: Client
  readonly #types: ReturnType<PgTypes["parsers"]>
  // Redshift takes no portal without a name.
  readonly #name = `jackfield_${++portals}`
  #parsers: readonly Parse[] = []

  constructor(pg: Client, types: ReturnType<PgTypes["parsers"]>) {
    this.#pg = pg
    this.#types = types
  }

  /** The first `count` rows; `before` are statements that run first, such as those that begin the transaction. */
  first(sql: string, params: readonly PgBound[], count: number, before: readonly string[]): Promise<Value[][]> {
    return this.#exchange(count, before.length, (to) => {
      for (const text of before) {
        to.parse({ name: "", text, types: [] }, true)
        to.bind({ portal: "", statement: "", binary: "", values: [] }, true)
        to.execute({ portal: "", rows: "0" }, true)
      }
      to.parse({ name: "", text: sql, types: [] }, true)
      to.bind({ portal: this.#name, statement: "", binary: "", values: [...params] as string[] }, true)
      to.describe({ type: "P", name: this.#name }, true)
    })
  }

  /** The next `count` rows. */
  next(count: number): Promise<Value[][]> {
    return this.#exchange(count, 0, () => undefined)
  }

  /** Lets go of the rows that were not taken. */
  async close(): Promise<void> {
    await this.#exchange(0, 0, (to) => to.close({ type: "P", name: this.#name }, true))
  }

  #exchange(count: number, before: number, send: (to: Connection) => void): Promise<Value[][]> {
    const rows: Value[][] = []
    const { promise, resolve, reject } = Promise.withResolvers<Value[][]>()
    let left = before
    this.suspended = false
    const handlers: Handlers = {
      handleRowDescription: ({ fields }) => {
        this.fields = fields
        this.#parsers = fields.map(({ dataTypeID }) => this.#types.getTypeParser(dataTypeID, "text") as Parse)
      },
      handleDataRow: ({ fields }) => {
        if (left > 0 || rows.length >= count)
          throw new PlatformError("protocol_invalid", "The server sent more rows than it was asked for, so it is no PostgreSQL; check host and port.")
        rows.push(fields.map((text, index) => (text === null ? null : (this.#parsers[index]?.(text) ?? null))))
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
