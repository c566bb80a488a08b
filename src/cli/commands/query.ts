import { connectorPath, type Rows } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { timeoutOf, WORK_MAX_SECONDS } from "../duration-input.ts"
import { EXIT, type Exit } from "../failure.ts"
import { copy, copyLines, type FormOptions, formOf, printRows } from "../row-output.ts"
import { readValue } from "../secret-input.ts"

export interface QueryOptions extends FormOptions {
  readonly param?: readonly string[]
  readonly maxRows?: number
  readonly dryRun?: boolean
  readonly timeout?: string
}

/** Runs a read-only statement (`-` reads it from stdin); prints a table, or streams CSV or NDJSON. With `--dry-run`, prints what it would read. */
export async function query(cli: Cli, name: string, statement: string, options: QueryOptions): Promise<Exit> {
  const form = formOf(cli, options)
  const time = timeoutOf(options.timeout, WORK_MAX_SECONDS)
  const client = await cli.hub()
  const body = {
    statement: statement === "-" ? await readValue(cli.shell, "-", "statement") : statement,
    ...(options.param === undefined ? {} : { params: options.param }),
    ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
    ...time,
  }
  const path = connectorPath(name, "/query")
  if (options.dryRun === true) {
    const { maxRows: _, ...input } = body
    await cli.terminal.document(await client.post<object>(`${path}/dry-run`, input))
    return EXIT.ok
  }
  if (form === "csv") return copy(cli, client.stream(path, "text/csv", body))
  if (form === "ndjson") return copyLines(cli, client.lines(path, body))
  return printRows(cli, await client.post<Rows>(path, body), "see --max-rows, --csv and --ndjson")
}
