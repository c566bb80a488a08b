import type { Call } from "../../../../core/call.ts"
import type { ServerFacts } from "../../../../core/connector.ts"
import { filesBelow } from "../listing.ts"
import { type FileClient, openFile } from "../open-file.ts"
import type { FileEntry } from "../store.ts"
import { leftOut } from "./survey.ts"

/** Lists the files and looks at the first part of the first one; a connector of one file fails when that cannot be read. */
export async function facts(client: FileClient, product: string, call: Call): Promise<ServerFacts> {
  const entry = await firstFile(client, call)
  if (entry === undefined) return { product, details: { files: 0 }, warnings: [`No file is there whose path begins with ${client.layout.prefix} and matches.`] }
  return call.stage("probe", async () => {
    try {
      await using file = await openFile(client, entry.path, call, entry.source)
      const { table, compression, path } = file
      const format = client.formats.length > 1 ? { format: file.format } : {}
      const warnings = table.warnings.length === 0 ? {} : { warnings: table.warnings }
      return { product, details: { file: path, ...format, ...table.facts, compression }, ...warnings }
    } catch (error) {
      const reason = client.layout.per === "one" ? undefined : leftOut(error)
      if (reason === undefined) throw error
      return { product, details: { file: entry.path }, warnings: [reason] }
    }
  })
}

async function firstFile({ store, layout }: FileClient, call: Call): Promise<FileEntry | undefined> {
  for await (const entry of filesBelow(store, layout.prefix, undefined, call)) if (layout.has(entry.path)) return entry
  return undefined
}
