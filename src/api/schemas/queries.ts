import Type from "typebox"
import { anything, closed, named, open } from "./basics.ts"
import { Column } from "./catalogs.ts"
import { timeoutMs } from "./tests.ts"

export const QueryInput = named(
  "QueryInput",
  Type.Object(
    {
      statement: Type.String({ minLength: 1, maxLength: 500_000 }),
      params: Type.Optional(Type.Array(anything("A value that the statement's placeholder is bound to"), { maxItems: 1_000 })),
      maxRows: Type.Optional(Type.Integer({ minimum: 1, description: "At most 10,000 as JSON; any number when streamed" })),
      timeoutMs: timeoutMs(300_000),
    },
    closed,
  ),
)
export const RowsQuery = Type.Object(
  {
    stream: Type.String({ maxLength: 2_048, description: "The path of the stream, as a JSON array", examples: ['["public","orders"]'] }),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }),
  },
  closed,
)
const RejectedRecord = named(
  "RejectedRecord",
  Type.Object({
    file: Type.Optional(Type.String({ description: "The file's path, where the stream has several files" })),
    from: Type.Optional(Type.Integer({ description: "The offset at which line 1 begins, where the read began inside the file" })),
    line: Type.Integer({ description: "The first line, counted from 1" }),
    lastLine: Type.Integer(),
    reason: Type.String(),
  }),
)
export const Rows = named(
  "Rows",
  Type.Object({
    columns: Type.Array(Column),
    rows: Type.Array(open("Values by column")),
    rowCount: Type.Integer(),
    truncated: Type.Boolean({ description: "The result has more rows than this answer" }),
    durationMs: Type.Number(),
    rejected: Type.Optional(
      Type.Object(
        { count: Type.Integer(), records: Type.Array(RejectedRecord) },
        { description: "Records of a file that are not rows, as far as it was read: their number, and the first hundred" },
      ),
    ),
  }),
)
