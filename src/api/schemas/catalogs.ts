import Type from "typebox"
import { STREAM_KINDS } from "../../core/streams.ts"
import { COLUMN_TYPES } from "../../core/values.ts"
import { CHANGE_KINDS } from "../../hub/catalogs/catalog-changes.ts"
import { closed, Nullable, named, open, PageQuery, pageFields, Time } from "./basics.ts"
import { remedies } from "./problems.ts"
import { Guesses, timeoutMs } from "./tests.ts"

export const Column = named(
  "Column",
  Type.Object({
    name: Type.String(),
    type: Type.Enum([...COLUMN_TYPES]),
    nativeType: Type.String({ description: "The system's own name of the type" }),
    nullable: Type.Boolean(),
    precision: Type.Optional(
      Type.Integer({ description: "Digits of a decimal; bits of an integer or a float; decimals of the seconds of a time or a timestamp" }),
    ),
    scale: Type.Optional(Type.Integer({ description: "Decimals of a decimal" })),
    maxLength: Type.Optional(Type.Integer({ description: "Characters of a string, or bytes, at most" })),
    zoned: Type.Optional(Type.Boolean({ description: "Of a time or a timestamp: true for an instant, false for a wall clock without a zone" })),
    elements: Type.Optional(Type.Enum([...COLUMN_TYPES], { description: "Of an array: the type of its elements" })),
    generated: Type.Optional(
      Type.Enum(["computed", "identity"], {
        description:
          "computed: the system computes the value, and a write leaves it out; identity: the system assigns it to new rows, and a write may not change it",
      }),
    ),
  }),
)
const Path = Type.Array(Type.String(), { description: "The names that lead to a stream, such as schema and table" })
const Stream = named(
  "Stream",
  Type.Object({
    path: Path,
    kind: Type.Enum([...STREAM_KINDS]),
    columns: Type.Array(Column),
    key: Type.Array(Type.String(), { description: "The columns of the primary key, in order" }),
    keyHolds: Type.Optional(Type.Boolean({ description: "false where the system does not enforce the key, so that two rows may share one" })),
    estimatedRows: Type.Optional(Type.Integer({ description: "The system's own estimate" })),
    comment: Type.Optional(Type.String()),
    guesses: Type.Optional(Guesses),
  }),
)
export const DiscoverInput = named("DiscoverInput", Type.Object({ timeoutMs: timeoutMs(900_000) }, closed))
const VersionNumber = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
const version = Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "A version of the catalog; the newest unless given" }))
export const CatalogQuery = Type.Object(
  { ...PageQuery, search: Type.Optional(Type.String({ maxLength: 256, description: "Found in a path or in the name of a column" })), version },
  closed,
)
export const SkippedQuery = Type.Object({ ...PageQuery, version }, closed)
export const DiffQuery = Type.Object({ ...PageQuery, from: Type.Optional(VersionNumber), to: Type.Optional(VersionNumber) }, closed)

const ChangeKind = named("CatalogChangeKind", Type.Enum([...CHANGE_KINDS]))
const summary = {
  from: Type.Integer(),
  to: Type.Integer(),
  changes: Type.Integer(),
  breaking: Type.Integer({ description: "Changes after which a reader or a writer of the stream may fail" }),
  byKind: named("CatalogChangeCounts", Type.Partial(Type.Record(ChangeKind, Type.Integer()))),
}
const head = {
  version: Type.Integer(),
  discoveredAt: Time,
  complete: Type.Boolean({ description: "Whether every object that the system counts is a stream of this catalog" }),
  counts: named(
    "CatalogCounts",
    Type.Object({ total: Type.Integer(), streams: Type.Integer(), skipped: Type.Integer(), byKind: Type.Record(Type.String(), Type.Integer()) }),
  ),
  diff: Nullable(named("CatalogDiffSummary", Type.Object(summary, { description: "The changes since the previous version" }))),
}
export const CatalogVersion = named("CatalogVersion", Type.Object({ ...head, durationMs: Type.Integer() }))
export const SkippedStream = named("SkippedStream", Type.Object({ path: Path, reason: Type.String(), remedies }))
const CatalogChange = named(
  "CatalogChange",
  Type.Object({
    kind: ChangeKind,
    path: Path,
    column: Type.Optional(Type.String()),
    before: Type.Optional(open()),
    after: Type.Optional(open()),
    breaking: Type.Boolean(),
    why: Type.String(),
  }),
)
export const CatalogDiff = named("CatalogDiff", Type.Object({ ...summary, data: Type.Array(CatalogChange), ...pageFields }))
export const Catalog = named(
  "Catalog",
  Type.Object({
    ...head,
    skipped: Type.Array(SkippedStream, { description: "The first of the skipped streams; /catalog/skipped has all of them" }),
    streams: Type.Array(Stream),
    ...pageFields,
  }),
)
