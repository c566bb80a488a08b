import type { Client, Connection, Submittable } from "pg"
import type { Value } from "../../../../core/values.ts"
import type { ParamType } from "../wire.ts"
import { type Before, sendBefore } from "./before.ts"
import type { OwnTypeBook } from "./own-types.ts"
import type { PgTypes } from "./values.ts"

/** Statements whose parameters a connection remembers at most. */
const MOST = 64

/** Asks the server for the types of statements' parameters (PostgreSQL docs, 55.2.3, ParameterDescription), and remembers the answers. */
export class ParamTypes {
  readonly #pg: Client
  readonly #types: PgTypes
  readonly #book: OwnTypeBook
  readonly #known = new Map<string, readonly ParamType[]>()

  constructor(pg: Client, types: PgTypes, book: OwnTypeBook) {
    this.#pg = pg
    this.#types = types
    this.#book = book
  }

  /** The types of a statement's parameters; undefined where the texts of the values are the same whatever their types. `before`: see `Portal.first`. */
  async of(sql: string, values: readonly Value[], before: () => Before): Promise<readonly ParamType[] | undefined> {
    if (!values.some((value) => typeof value === "string" || (typeof value === "object" && value !== null))) return undefined
    const known = this.#known.get(sql) ?? (await this.#ask(sql, before()))
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.set(sql, known)
    return known
  }

  async #ask(sql: string, before: Before): Promise<readonly ParamType[]> {
    const oids = await describeParams(this.#pg, sql, before)
    const own = await this.#book.with(oids)
    return oids.map((oid) => this.#types.typeOf(oid, own))
  }
}

interface Described extends Connection {
  once(event: "parameterDescription", listener: (message: { readonly dataTypeIDs: readonly number[] }) => void): this
}

function describeParams(pg: Client, sql: string, before: Before): Promise<readonly number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>()
  let oids: readonly number[] = []
  let stop = (): void => undefined
  const listen = ({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }): void => {
    oids = dataTypeIDs
  }
  pg.query<Submittable>({
    submit: (to: Connection): void => {
      ;(to as Described).once("parameterDescription", listen)
      stop = () => void to.off("parameterDescription", listen)
      sendBefore(to, before)
      to.parse({ name: "", text: sql, types: [] }, true)
      to.describe({ type: "S", name: "" }, true)
      to.sync()
    },
    handleRowDescription: () => undefined,
    handleDataRow: () => undefined,
    handleCommandComplete: () => undefined,
    handleEmptyQuery: () => undefined,
    handleError: (error: Error): void => {
      stop()
      reject(error)
    },
    handleReadyForQuery: (): void => {
      stop()
      resolve(oids)
    },
  } as Submittable)
  return promise
}
