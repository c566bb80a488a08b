import type { Call } from "../../../../core/call.ts"
import type { ServerFacts } from "../../../../core/connector.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { OpenTable } from "../format.ts"
import { entriesBelow, isSkipped } from "../listing.ts"
import { type FileClient, openFile } from "../open-file.ts"
import type { FileEntry } from "../store.ts"
import { leftOut } from "./survey.ts"

/** The maximum number of folders that a test names because they cannot be listed. */
const MOST_HIDDEN = 5

/** Lists the files and reads the first part of the first one; a connector of a single file fails if it cannot be read. */
export async function facts(client: FileClient, product: string, call: Call): Promise<ServerFacts> {
  const { entry, hidden } = await firstFile(client, call)
  if (entry === undefined) {
    const none = `No file matches; the connector looks for paths that begin with ${client.layout.prefix}.`
    return { product, details: { files: 0 }, warnings: [...hidden, none] }
  }
  return call.stage("probe", async () => {
    try {
      await using file = await openFile(client, entry.path, call, entry.source)
      const { table, compression, path } = file
      assertSomeRows(table, path)
      const format = client.formats.length > 1 ? { format: file.format } : {}
      const warnings = [...hidden, ...table.warnings, ...rejections(table), ...table.guesses.map(({ message }) => message)]
      return {
        product,
        details: { file: path, ...format, ...table.facts, compression },
        ...(warnings.length === 0 ? {} : { warnings }),
        ...(table.guesses.length === 0 ? {} : { guesses: table.guesses }),
      }
    } catch (error) {
      const reason = client.layout.per === "one" ? undefined : leftOut(error)
      if (reason === undefined) throw error
      return { product, details: { file: entry.path }, warnings: [...hidden, reason] }
    }
  })
}

/** Fails if all of the first records are rejected, because the file probably has another format. */
function assertSomeRows({ first, described }: OpenTable, path: string): void {
  const [record] = first?.rejected ?? []
  if (first === undefined || first.rows > 0 || record === undefined) return
  const many = first.rejected.length
  const all = many === 1 ? "The only record" : `Each of the first ${many} records`
  throw new PlatformError(
    "response_invalid",
    `${all} of ${path} is rejected: line ${record.line} ${record.reason} The file is read as ${described}; if that is wrong, change it in the connector's settings.`,
  )
}

function rejections({ first }: OpenTable): string[] {
  const [record] = first?.rejected ?? []
  if (first === undefined || record === undefined) return []
  const [many, all] = [first.rejected.length, first.rows + first.rejected.length]
  return [`${many} of the first ${all} records ${many === 1 ? "is" : "are"} rejected; the first one, line ${record.line}, ${record.reason}`]
}

/** The first file, and the reasons why folders before it were skipped. */
async function firstFile({ store, layout }: FileClient, call: Call): Promise<{ readonly entry?: FileEntry; readonly hidden: readonly string[] }> {
  const hidden: string[] = []
  for await (const entry of entriesBelow(store, layout.prefix, undefined, call)) {
    if (!isSkipped(entry)) {
      if (layout.has(entry.path)) return { entry, hidden }
    } else if (entry.hides !== undefined && hidden.length < MOST_HIDDEN) hidden.push(entry.reason)
  }
  return { hidden }
}
