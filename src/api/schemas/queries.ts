import Type from "typebox"
import { anything, closed, named, open } from "./basics.ts"
import { Column } from "./catalogs.ts"
import { timeoutMs } from "./tests.ts"

const statement = {
  statement: Type.String({ minLength: 1, maxLength: 500_000 }),
  params: Type.Optional(Type.Array(anything("A value that the statement's placeholder is bound to"), { maxItems: 1_000 })),
}
export const QueryInput = named(
  "QueryInput",
  Type.Object(
    {
      ...statement,
      maxRows: Type.Optional(Type.Integer({ minimum: 1, description: "At most 10,000 as JSON; any number when streamed" })),
      timeoutMs: timeoutMs(300_000, "For the whole of a JSON answer; for each batch of a stream, which lives as long as rows come and are taken"),
    },
    closed,
  ),
)
export const DryRunInput = named("DryRunInput", Type.Object({ ...statement, timeoutMs: timeoutMs(300_000) }, closed))
export const RowsQuery = Type.Object(
  {
    stream: Type.String({ maxLength: 8_192, description: "The path of the stream, as a JSON array", examples: ['["public","orders"]'] }),
    columns: Type.Optional(
      Type.String({ maxLength: 65_536, description: "The columns wanted, in this order, as a JSON array; all by default", examples: ['["id","total"]'] }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "Rows of a JSON page, 20 by default and at most 10,000; when streamed, rows in all, by default every one. A page has more if rows share a key that the system does not enforce, and fewer if they are long",
      }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 16_384, description: "The `nextCursor` of a page, or a cursor of a stream of the same path: the rows after it" }),
    ),
    timeoutMs: timeoutMs(300_000, "For the whole of a JSON page; for each batch of a stream"),
    cursors: Type.Optional(Type.Boolean({ description: 'NDJSON: a line `{"$cursor": …}` after each batch that can be resumed there' })),
    skipRejected: Type.Optional(Type.Boolean({ description: "CSV: leave out records of a file that are not rows, instead of ending the answer" })),
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
const rows = {
  columns: Type.Array(Column),
  rows: Type.Array(open("Values by column")),
  rowCount: Type.Integer(),
  truncated: Type.Boolean({ description: "The result has more rows than this answer" }),
  durationMs: Type.Number(),
  hidden: Type.Optional(Type.Integer({ minimum: 1, description: "In how many places a secret of the connector was hidden, because the system repeats it" })),
  rejected: Type.Optional(
    Type.Object(
      { count: Type.Integer(), records: Type.Array(RejectedRecord) },
      { description: "Records of a file that are not rows, as far as it was read: their number, and the first hundred" },
    ),
  ),
}
export const Rows = named("Rows", Type.Object(rows))
export const DryRun = named(
  "DryRun",
  Type.Object({
    bytes: Type.Union([Type.Integer(), Type.Null()], { description: "Bytes that the statement would read; null if the system does not say" }),
    accuracy: Type.Union([Type.Enum(["exact", "at most", "at least"]), Type.Null()], { description: "How `bytes` relate to what it reads in the end" }),
    columns: Type.Array(Column, { description: "The columns of the result" }),
    details: open("Further facts, of cost above all"),
    warnings: Type.Array(Type.String(), { description: "Reasons not to run the statement" }),
    durationMs: Type.Number(),
  }),
)
export const RowsPage = named(
  "RowsPage",
  Type.Object({
    ...rows,
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: "Where the next page begins; null at the end, or where the stream cannot be resumed and `truncated` is true",
    }),
  }),
)
