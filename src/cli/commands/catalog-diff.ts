import type { Wire } from "../../wire.ts"
import { connectorPath, type Page, queryString, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit } from "../failure.ts"
import { table } from "../table.ts"
import { printable } from "../terminal.ts"
import { pathText } from "./catalog.ts"

type Summary = Wire["CatalogDiffSummary"]
type Change = Wire["CatalogChange"]
type Version = Wire["CatalogVersion"]

/** Lists the stored versions of a catalog. */
export async function versions({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const page = await readAll<Version>(await hub(), connectorPath(name, "/catalogs"))
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map(({ version, discoveredAt, counts, diff }) => [
      String(version),
      when(discoveredAt),
      String(counts.streams),
      String(counts.skipped),
      diff === null ? "" : String(diff.changes),
      diff === null ? "" : String(diff.breaking),
    ])
    const header = ["VERSION", "DISCOVERED", "STREAMS", "SKIPPED", "CHANGES", "BREAKING"]
    await terminal.write(table(header, rows, { width: terminal.width, header: terminal.bold, rightAligned: [0, 2, 3, 4, 5] }))
  }
  return EXIT.ok
}

export interface DiffOptions {
  readonly from?: string
  readonly to?: string
  readonly exitCode?: boolean
}

/**
 * Prints the changes between two versions, one per line; with `--exit-code`, exits with 1 if any is breaking, for
 * scripts.
 */
export async function diff({ terminal, hub }: Cli, name: string, options: DiffOptions): Promise<Exit> {
  const client = await hub()
  const changes: Change[] = []
  let first: (Summary & Page<Change>) | undefined
  for (let cursor: string | null | undefined; cursor !== null; ) {
    // The versions of the first page apply to all pages, so that a discovery in between does not shift them.
    const range = first === undefined ? { from: options.from, to: options.to } : { from: first.from, to: first.to }
    const page: Summary & Page<Change> = await client.get(connectorPath(name, `/catalog/diff${queryString({ ...range, limit: 100, cursor })}`))
    first ??= page
    changes.push(...page.data)
    cursor = page.nextCursor
  }
  if (terminal.json) await terminal.document({ ...first, data: changes, nextCursor: null })
  else {
    for (const each of changes) await terminal.line(lineOf(each, terminal.bad))
    const total = `${first?.changes ?? 0} changes from version ${first?.from} to ${first?.to}, ${first?.breaking ?? 0} of them breaking.`
    await terminal.line(changes.length === 0 ? `Nothing changed from version ${first?.from} to ${first?.to}.` : total)
  }
  return options.exitCode === true && (first?.breaking ?? 0) > 0 ? EXIT.failed : EXIT.ok
}

const SIGNS: Readonly<Record<string, string>> = { stream_added: "+", column_added: "+", stream_removed: "-", column_removed: "-" }

function lineOf({ kind, path, column, before, after, breaking, why }: Change, bad: (text: string) => string): string {
  const what = `${printable(pathText(path))}${column === undefined ? "" : ` ${printable(column)}`}`
  const how = detailOf(kind, before, after)
  return `${SIGNS[kind] ?? "~"} ${what}${how === "" ? "" : `: ${printable(how)}`}${breaking ? ` ${bad("breaking")}: ${why}` : ""}`
}

function detailOf(kind: string, before: Change["before"], after: Change["after"]): string {
  const key = (side: Change["before"]): string => `(${(side?.["key"] as readonly string[] | undefined)?.join(", ") ?? ""})`
  const nullable = (side: Change["before"]): string => (side?.["nullable"] === true ? "null" : "not null")
  switch (kind) {
    case "type_changed":
      return `${before?.["nativeType"]} → ${after?.["nativeType"]}`
    case "nullable_changed":
      return `${nullable(before)} → ${nullable(after)}`
    case "column_added":
      return `${after?.["nativeType"]} ${nullable(after)}`
    case "key_changed":
      return `key ${key(before)} → ${key(after)}`
    case "kind_changed":
      return `${before?.["kind"]} → ${after?.["kind"]}`
    default:
      return ""
  }
}
