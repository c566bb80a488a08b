import Type, { type TSchema } from "typebox"
import { STREAM_KINDS } from "../core/streams.ts"
import { STAGES } from "../core/trace.ts"
import { COLUMN_TYPES } from "../core/values.ts"
import { CHANGE_KINDS } from "../hub/catalogs/catalog-changes.ts"
import type { Skipped } from "../hub/catalogs/catalog-writer.ts"
import type { CatalogPage, CatalogVersion as CatalogVersionView, CatalogDiff as Diff } from "../hub/catalogs/catalogs.ts"
import type { TypeDescription } from "../hub/connectors/connector-types.ts"
import type { ConnectorView } from "../hub/connectors/connector-view.ts"
import type { TestReport as Report } from "../hub/probes/probe.ts"
import type { RowsAnswer } from "../hub/queries/queries.ts"

// The native API's shapes: validation, types and OpenAPI come from these alone.

/** The schema's value, or null. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
export const Time = Type.String({ format: "date-time" })
export const Id = Type.String({ format: "uuid" })
/** An object that takes no field but those named. */
export const closed = { additionalProperties: false } as const
/** A schema whose TypeScript type is the hub's own, which is readonly throughout. */
export const typed = <T>(schema: TSchema) => Type.Unsafe<T>(schema)

export const Role = Type.Enum(["viewer", "editor", "admin"])
export const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
  description: "A handle, unique in the workspace: letters, digits, _ . -",
})
export const Ref = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128, description: "The id, or the name" }) })
export const PageQuery = { limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }), cursor: Type.Optional(Type.String({ maxLength: 256 })) }

export const Fault = Type.Object({ pointer: Type.String(), message: Type.String() })
/** The query of a list that has no filters. */
export const Page = Type.Object(PageQuery, closed)

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    next: Type.String(),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(Fault)),
  },
  { additionalProperties: true, description: "RFC 9457 problem details" },
)

export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({ data: Type.Array(item), nextCursor: Nullable(Type.String()), total: Type.Integer({ minimum: 0 }) })

const FieldDescription = Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true, description: "A field as a form needs it" })
export const ConnectorType = typed<TypeDescription>(
  Type.Object({
    type: Type.String(),
    title: Type.String(),
    category: Type.String(),
    summary: Type.String(),
    capabilities: Type.Array(Type.String()),
    proof: Type.Enum(["server", "emulator", "stand-in"]),
    schema: Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true, description: "JSON Schema of the config" }),
    fields: Type.Array(FieldDescription),
  }),
)

export const Purpose = Type.Enum(["enrichment", "exporter", "simple", "source", "destination"])
export const Status = Type.Enum(["incomplete", "untested", "active", "error", "disabled"])
export const Limits = Type.Object(
  {
    requests: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    perMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  },
  // A window without a number of requests, or nothing at all, would look like a limit and be none.
  { ...closed, minProperties: 1, dependentRequired: { perMs: ["requests"] } },
)
const Labels = Type.Record(Type.String({ pattern: "^[A-Za-z0-9_.-]{1,63}$" }), Type.String({ maxLength: 256 }), {
  maxProperties: 50,
  additionalProperties: false,
})
export const Config = Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true, description: "By the type's schema" })

const StageReport = Type.Object({
  name: Type.Enum([...STAGES]),
  status: Type.Enum(["passed", "failed"]),
  durationMs: Type.Number(),
  detail: Type.Optional(Type.String()),
})
export const TestReport = typed<Report>(
  Type.Object({
    ok: Type.Boolean(),
    durationMs: Type.Number(),
    stages: Type.Array(StageReport),
    server: Type.Optional(
      Type.Object({
        product: Type.String(),
        version: Type.Optional(Type.String()),
        details: Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true })),
        warnings: Type.Optional(Type.Array(Type.String())),
      }),
    ),
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        next: Type.String(),
        stage: Type.Enum([...STAGES]),
        details: Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true })),
      }),
    ),
  }),
)

export const Connector = typed<ConnectorView>(
  Type.Object({
    id: Id,
    serial: Type.Integer(),
    name: Type.String(),
    title: Type.String(),
    type: Type.String(),
    description: Type.String(),
    labels: Type.Record(Type.String(), Type.String()),
    purpose: Nullable(Purpose),
    limits: Nullable(Limits),
    config: Config,
    status: Status,
    missing: Type.Array(Fault),
    version: Type.Integer(),
    lastTest: Nullable(TestReport),
    lastTestedAt: Nullable(Time),
    credentialsRefusedAt: Nullable(
      Type.String({ format: "date-time", description: "Since then the system refuses the credentials, and nothing uses the connector" }),
    ),
    createdAt: Time,
    updatedAt: Time,
  }),
)

/** What every way to say a connector has. */
export const shared = {
  title: Type.Optional(Type.String({ maxLength: 256 })),
  description: Type.Optional(Type.String({ maxLength: 4_096 })),
  labels: Type.Optional(Labels),
  purpose: Type.Optional(Nullable(Purpose)),
  limits: Type.Optional(Nullable(Limits)),
}
/** What a whole connector has besides. */
export const wanted = {
  type: Type.String({ maxLength: 64 }),
  config: Config,
  draft: Type.Optional(Type.Boolean()),
  enabled: Type.Optional(Type.Boolean({ description: "false: stored switched off" })),
}
export const ConnectorInput = Type.Object({ name: Name, ...shared, ...wanted, verify: Type.Optional(Type.Boolean()) }, closed)
export const ConnectorPatch = Type.Object(
  {
    name: Type.Optional(Name),
    ...shared,
    type: Type.Optional(Type.String({ maxLength: 64, description: "Another type begins with an empty config, without catalogs" })),
    config: Type.Optional(Config),
    verify: Type.Optional(Type.Boolean()),
    draft: Type.Optional(Type.Boolean()),
    enabled: Type.Optional(Type.Boolean({ description: "false switches the connector off; true brings it back as untested" })),
  },
  closed,
)
export const ConnectorList = Type.Object(
  {
    ...PageQuery,
    type: Type.Optional(Type.String({ maxLength: 64 })),
    status: Type.Optional(Status),
    label: Type.Optional(Type.String({ maxLength: 330, description: "key:value" })),
    q: Type.Optional(Type.String({ maxLength: 256, description: "Found in name, title or description" })),
  },
  closed,
)

const timeoutMs = (max: number) => Type.Optional(Type.Integer({ minimum: 100, maximum: max }))
export const TestInput = Type.Object({ timeoutMs: timeoutMs(30_000) }, closed)
export const UnsavedTestInput = Type.Object({ type: Type.String({ maxLength: 64 }), config: Config, timeoutMs: timeoutMs(30_000) }, closed)

const Column = Type.Object({ name: Type.String(), type: Type.Enum([...COLUMN_TYPES]), nativeType: Type.String(), nullable: Type.Boolean() })
const Stream = Type.Object({
  path: Type.Array(Type.String()),
  kind: Type.Enum([...STREAM_KINDS]),
  columns: Type.Array(Column),
  key: Type.Array(Type.String()),
  estimatedRows: Type.Optional(Type.Integer()),
  comment: Type.Optional(Type.String()),
})
export const DiscoverInput = Type.Object({ timeoutMs: timeoutMs(900_000) }, closed)
const VersionNumber = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
export const CatalogQuery = Type.Object(
  {
    ...PageQuery,
    search: Type.Optional(Type.String({ maxLength: 256, description: "Found in a path or a column's name" })),
    version: Type.Optional(VersionNumber),
  },
  closed,
)
export const SkippedQuery = Type.Object({ ...PageQuery, version: Type.Optional(VersionNumber) }, closed)
export const DiffQuery = Type.Object({ ...PageQuery, from: Type.Optional(VersionNumber), to: Type.Optional(VersionNumber) }, closed)
const ChangeKind = Type.Enum([...CHANGE_KINDS])
const summary = {
  from: Type.Integer(),
  to: Type.Integer(),
  changes: Type.Integer(),
  breaking: Type.Integer({ description: "Changes after which who reads or writes may fail" }),
  byKind: Type.Record(Type.String(), Type.Integer()),
}
const catalogHead = {
  version: Type.Integer(),
  discoveredAt: Time,
  complete: Type.Boolean({ description: "Every thing that the system counts is a stream here" }),
  counts: Type.Object({ total: Type.Integer(), streams: Type.Integer(), skipped: Type.Integer(), byKind: Type.Record(Type.String(), Type.Integer()) }),
  diff: Nullable(Type.Object(summary, { description: "What changed since the version before" })),
}
export const CatalogVersion = typed<CatalogVersionView>(Type.Object({ ...catalogHead, durationMs: Type.Integer() }))
export const SkippedThing = typed<Skipped>(Type.Object({ path: Type.Array(Type.String()), reason: Type.String() }))
const Facts = Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true })
export const CatalogDiff = typed<Diff>(
  Type.Object({
    ...summary,
    data: Type.Array(
      Type.Object({
        kind: ChangeKind,
        path: Type.Array(Type.String()),
        column: Type.Optional(Type.String()),
        before: Type.Optional(Facts),
        after: Type.Optional(Facts),
        breaking: Type.Boolean(),
        why: Type.String(),
      }),
    ),
    nextCursor: Nullable(Type.String()),
    total: Type.Integer(),
  }),
)
export const Catalog = typed<CatalogPage>(
  Type.Object({
    ...catalogHead,
    skipped: Type.Array(SkippedThing, { description: "The first of what was left out; all of it at …/catalog/skipped" }),
    streams: Type.Array(Stream),
    nextCursor: Nullable(Type.String()),
    total: Type.Integer({ description: "Streams that match" }),
  }),
)

export const QueryInput = Type.Object(
  {
    statement: Type.String({ minLength: 1, maxLength: 500_000 }),
    params: Type.Optional(Type.Array(Type.Unsafe<unknown>({}), { maxItems: 1_000 })),
    maxRows: Type.Optional(Type.Integer({ minimum: 1, description: "At most 10,000 as JSON; any number when streamed" })),
    timeoutMs: timeoutMs(300_000),
  },
  closed,
)
export const RowsQuery = Type.Object(
  {
    stream: Type.String({ maxLength: 2_048, description: 'The path as a JSON array: ["public","orders"]' }),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }),
  },
  closed,
)
export const Rows = typed<RowsAnswer>(
  Type.Object({
    columns: Type.Array(Column),
    rows: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true })),
    rowCount: Type.Integer(),
    truncated: Type.Boolean(),
    durationMs: Type.Number(),
    rejected: Type.Optional(
      Type.Object(
        { count: Type.Integer(), records: Type.Array(Type.Object({ line: Type.Integer(), lastLine: Type.Integer(), reason: Type.String() })) },
        { description: "Records of a file that are no rows, as far as it was read: how many, and the first hundred" },
      ),
    ),
  }),
)

export const Health = Type.Object({ status: Type.String() })
export const Readiness = Type.Object({ status: Type.String(), database: Type.String(), version: Type.String() })
