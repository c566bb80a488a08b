import { PlatformError } from "../../core/errors.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { callerSignal } from "../request.ts"
import { sendRowsAnswer } from "../row-answers.ts"
import { ROW_MEDIA, sendRows } from "../row-streams.ts"
import { ConnectorRef } from "../schemas/basics.ts"
import { DryRun, DryRunInput, QueryInput, Rows, RowsPage, RowsQuery } from "../schemas/queries.ts"

/** Read-only statements, and the rows of streams without SQL. */
export const queryOperations: readonly Operation[] = [
  operation(
    {
      id: "queryConnector",
      method: "POST",
      path: "/v1/connectors/{id}/query",
      tag: "queries",
      access: "use",
      scoped: true,
      summary: "Run a read-only statement",
      params: ConnectorRef,
      body: QueryInput,
      examples: { "With a parameter": { statement: "select id, total from orders where total > $1 order by id", params: [30000], maxRows: 100 } },
      answer: Rows,
      media: ROW_MEDIA,
    },
    async (request, reply, { queries }) => {
      const by = principalOf(request)
      const { answerType } = request
      if (answerType === "application/json")
        return sendRowsAnswer(request, reply, await queries.query(by, request.params.id, request.body, callerSignal(reply)))
      return sendRows(request, reply, answerType, queries.stream(by, request.params.id, request.body, callerSignal(reply)))
    },
  ),
  operation(
    {
      id: "dryRunQuery",
      method: "POST",
      path: "/v1/connectors/{id}/query/dry-run",
      tag: "queries",
      access: "use",
      scoped: true,
      summary: "Say what a statement would read, without running it",
      description: "For types with the capability `dryRun`, whose systems say it without cost; for the others it is refused, and nothing is sent.",
      params: ConnectorRef,
      body: DryRunInput,
      examples: { "With a parameter": { statement: "select id, total from orders where total > ? order by id", params: [30000] } },
      answer: DryRun,
    },
    async (request, reply, { queries }) => queries.dryRun(principalOf(request), request.params.id, request.body, callerSignal(reply)),
  ),
  operation(
    {
      id: "readRows",
      method: "GET",
      path: "/v1/connectors/{id}/rows",
      tag: "queries",
      access: "use",
      scoped: true,
      summary: "Read a stream without SQL",
      description:
        "One page as JSON, with the cursor of the next one; as NDJSON or CSV the whole stream, or the rows from `cursor` on. A read that broke off goes on from its last cursor; a stream without an order of its own has none, and is read from the beginning.",
      params: ConnectorRef,
      query: RowsQuery,
      answer: RowsPage,
      media: ROW_MEDIA,
    },
    async (request, reply, { queries }) => {
      const by = principalOf(request)
      const { answerType } = request
      const { stream, columns, cursors, skipRejected, ...how } = request.query
      const input = {
        ...how,
        path: namesIn("stream", stream, 8),
        ...(columns === undefined ? {} : { columns: distinct(namesIn("columns", columns, 2_000)) }),
      }
      if (answerType === "application/json") return sendRowsAnswer(request, reply, await queries.page(by, request.params.id, input, callerSignal(reply)))
      if (cursors === true && answerType === "text/csv") throw fault("cursors", "is for NDJSON; CSV has no place for a cursor.")
      return sendRows(request, reply, answerType, queries.rows(by, request.params.id, input, callerSignal(reply)), { cursors, skipRejected })
    },
  ),
]

const fault = (name: string, message: string, cause?: unknown): PlatformError =>
  new PlatformError("request_invalid", `The parameter ${name} ${message}`, { cause, faults: [{ pointer: `/querystring/${name}`, message }] })

/** The names in a parameter that is a JSON array of them. */
function namesIn(parameter: string, text: string, most: number): string[] {
  const message = `must be a JSON array of at most ${most} names, such as ["public","orders"].`
  let names: unknown
  try {
    names = JSON.parse(text)
  } catch (cause) {
    throw fault(parameter, message, cause)
  }
  const fits = (name: unknown): name is string => typeof name === "string" && name !== "" && name.length <= 1_024
  if (!Array.isArray(names) || names.length === 0 || names.length > most || !names.every(fits)) throw fault(parameter, message)
  return names
}

function distinct(columns: readonly string[]): readonly string[] {
  const twice = columns.find((name, index) => columns.indexOf(name) !== index)
  if (twice !== undefined) throw fault("columns", `names ${twice.slice(0, 100)} twice.`)
  return columns
}
