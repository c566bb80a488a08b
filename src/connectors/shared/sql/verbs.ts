import type { Call } from "../../../core/call.ts"
import type { DryRun } from "../../../core/connector.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Batch, Commit, ReadOptions, ReadPlan, Stream, WantedStream, WriteOptions } from "../../../core/streams.ts"
import type { Value } from "../../../core/values.ts"
import { Unfit } from "../unfit.ts"
import { byteVerbs } from "./byte-verbs.ts"
import { findStream } from "./catalog.ts"
import { committed } from "./commits.ts"
import { type Dialect, foldedBy } from "./dialect.ts"
import { explainBy } from "./errors.ts"
import { type Refused, withGrants } from "./grants.ts"
import { readInOrder, withCallersKey } from "./keyset.ts"
import { lastDone } from "./named.ts"
import { assertReads } from "./reading.ts"
import { shape } from "./shape.ts"
import { notASlice, sliceStream } from "./slices.ts"
import type { SqlType } from "./type.ts"
import { type ParamType, reading, type SqlConnection } from "./wire.ts"
import { writeBatch } from "./write.ts"

/** All verbs of a SQL type. A verb whose role is absent is absent too. */
export function sqlVerbs<B, C extends SqlConnection<B>>(type: SqlType<B, C>) {
  const { catalog, dialect, errors, facts, dryRun, writer, slicer, ddl, bytes, named } = type
  return {
    close: ({ wire }: C) => wire.close(),
    test: (client: C, call: Call) => facts(client, call),
    discover: (client: C, call: Call) =>
      mending(
        type,
        client,
        call,
        {},
        reading(client.wire, catalog.snapshot === true ? "snapshot" : "read", call, () => catalog.discover(client, call)),
      ),
    query: (client: C, statement: string, params: readonly Value[], call: Call) =>
      mending(type, client, call, { statement }, query(type, client, statement, params, call)),
    ...(dryRun === undefined
      ? {}
      : {
          async dryRun(client: C, statement: string, params: readonly Value[], call: Call): Promise<DryRun> {
            const bind = binding(dialect, statement, params)
            return await dryRun(client, statement, bind(await client.wire.paramTypes?.(statement, params, call)), call)
          },
        }),
    plans: ["all", "since"] as const,
    read: (client: C, from: Stream, options: ReadOptions, call: Call) =>
      mending(type, client, call, { path: catalog.whole?.(client, from.path) ?? from.path }, read(type, client, from, options, call)),
    ...(slicer === undefined
      ? {}
      : { slices: (client: C, from: Stream, _: ReadPlan, most: number, call: Call) => sliceStream(type, slicer, client, from, most, call) }),
    ...(bytes === undefined ? {} : byteVerbs(type, bytes)),
    explain: explainBy(errors),
    ...(type.reset === undefined ? {} : { reset: type.reset.bind(type) }),
    ...(writer === undefined
      ? {}
      : {
          write: (client: C, to: Stream, batch: Batch, how: WriteOptions, call: Call) =>
            writeBatch(type, writer, client, foldedBy(dialect, to), foldedBy(dialect, batch), how, call),
        }),
    ...(writer?.upsert === undefined ? {} : { upserts: true as const }),
    ...(writer?.deletes === true ? { deletes: true as const } : {}),
    ...(ddl === undefined
      ? {}
      : { shape: (client: C, wanted: WantedStream, apply: boolean, call: Call) => shape(type, ddl, client, foldedBy(dialect, wanted), apply, call) }),
    ...(ddl?.commits === true
      ? {
          commits: "transaction" as const,
          committed: (client: C, to: Stream, of: Omit<Commit, "sequence">, call: Call) => committed(type, client, to, of, call),
        }
      : {}),
    ...(named === undefined
      ? {}
      : {
          commits: "name" as const,
          committed: (client: C, { path }: Stream, of: Omit<Commit, "sequence">, call: Call) =>
            lastDone(named, client, catalog.whole?.(client, path) ?? path, of, call),
        }),
  }
}

/** The results; when the system refuses a right, the error has the GRANTs that give it. */
async function* mending<B, C extends SqlConnection<B>, T>(
  type: SqlType<B, C>,
  client: C,
  call: Call,
  about: Pick<Refused, "path" | "statement">,
  results: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* results
  } catch (error) {
    throw await withGrants(type, client, error, { ...about, privileges: ["SELECT"] }, call)
  }
}

async function* query<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  { wire }: C,
  statement: string,
  params: readonly Value[],
  call: Call,
): AsyncGenerator<Batch> {
  const bind = binding(dialect, statement, params)
  // Values that no type takes are refused before the statement is sent.
  const untyped = bind()
  yield* reading(
    wire,
    "read",
    call,
    async function* () {
      const types = await wire.paramTypes?.(statement, params, call)
      yield* wire.pages(statement, types === undefined ? untyped : bind(types), call, call)
      if (wire.transactions?.holds?.() === false)
        throw new PlatformError("query_invalid", "The statement ended its read-only transaction; send one that only reads.")
    },
    { maxRows: call.maxRows, byCaller: true, soon: true },
  )
}

/** How the parameters of a caller's statement are bound; throws `query_invalid` for a statement that does not only read. */
function binding<B>({ reading: rules, param }: Dialect<B>, statement: string, params: readonly Value[]): (types?: readonly ParamType[]) => readonly B[] {
  assertReads(statement, rules)
  return (types) => params.map((value, index) => parameter(param, value, types?.[index], index))
}

function parameter<B>(param: Dialect<B>["param"], value: Value, type: ParamType | undefined, index: number): B {
  try {
    return param(value, type)
  } catch (error) {
    if (error instanceof Unfit) throw new PlatformError("query_invalid", `Parameter ${index + 1} cannot be sent: ${error.message}.`, { cause: error })
    throw error
  }
}

async function* read<B, C extends SqlConnection<B>>(
  { catalog, dialect, slicer, listed }: SqlType<B, C>,
  client: C,
  given: Stream,
  { plan, slice, after }: ReadOptions,
  call: Call,
): AsyncGenerator<Batch> {
  const from = foldedBy(dialect, given)
  const snapshot = slice === undefined || slice.of === "" ? undefined : slice.of
  const work = async function* (): AsyncGenerator<Batch> {
    const stream = withCallersKey(dialect, await findStream(catalog, client, from.path, call), from)
    const within = slice === undefined ? undefined : slicer?.within(stream, slice.id)
    try {
      const asOf = snapshot === undefined ? undefined : slicer?.asOf?.(stream, snapshot)
      const list = listed === undefined ? undefined : (names: readonly string[]) => listed(client, stream.path, names, call)
      yield* readInOrder(dialect, client.wire, { stream, columns: from.columns, plan, after, within, asOf, list }, call)
    } catch (error) {
      if (within !== undefined && dialect.order.isBadKey?.(error) === true) throw notASlice(stream, error)
      throw error
    }
  }
  yield* reading(client.wire, "read", call, work, { snapshot, soon: true })
}
