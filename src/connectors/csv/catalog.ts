import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Format } from "./format.ts"
import { columnOf, converted, joined, type Kind } from "./kinds.ts"
import { fixedKinds, recordsOf } from "./read.ts"
import { type Client, type OpenFile, openFile } from "./source.ts"

/** Rejected lines that a catalog names one by one; the others are one entry. */
const NAMED = 1_000

/** Reads the file once, from end to end: its columns by all of its values, its rows counted, and each line that is none named. */
export async function* discover(client: Client, call: Call): AsyncGenerator<Discovered> {
  const file = await openFile(client, call)
  try {
    const { names, warnings } = file.format
    const fixed = fixedKinds(client.config)
    const given = names.map((name) => fixed.get(name) ?? (client.config.types === "text" ? ("text" as const) : undefined))
    const noneFixed = given.every((kind) => kind === undefined || kind === "text")
    const kinds: (Kind | undefined)[] = [...given]
    let [rows, rejected, firstUnnamed] = [0, 0, 0]
    const reject = function* (line: number, lastLine: number, reason: string): Generator<Discovered> {
      if (++rejected <= NAMED) yield { skipped: { path: [file.name, line === lastLine ? `line ${line}` : `lines ${line} to ${lastLine}`], reason } }
      else firstUnnamed ||= line
    }
    for await (const some of recordsOf(file))
      for (const record of some) {
        if ("reason" in record) {
          yield* reject(record.line, record.lastLine, record.reason)
          continue
        }
        const { fields } = record
        const wrong = noneFixed ? -1 : given.findIndex((kind, index) => kind !== undefined && converted(kind, fields[index] ?? null) === undefined)
        if (wrong >= 0) {
          yield* reject(record.line, record.lastLine, `has no ${given[wrong]} in the column ${names[wrong]}, whose type is fixed.`)
          continue
        }
        rows++
        for (let index = 0; index < kinds.length; index++) if (given[index] === undefined) kinds[index] = joined(kinds[index], fields[index] ?? null)
      }
    if (rejected > NAMED)
      yield {
        skipped: {
          path: [file.name, `from line ${firstUnnamed}`],
          reason: `${rejected - NAMED} more records are rejected; read the file to have each of them named.`,
        },
      }
    const columns = names.map((name, index) => columnOf(name, kinds[index] ?? "text"))
    const comment = [`${described(file)}; ${rows} rows, ${rejected} rejected.`, ...warnings.slice(0, 20)].join(" ")
    yield { stream: { path: [file.name], kind: "file", columns, key: [], estimatedRows: rows, comment } }
    const lines = Math.min(rejected, NAMED + 1)
    yield { counted: { total: 1 + lines, byKind: { file: 1, ...(lines === 0 ? {} : { "rejected record": lines }) } } }
  } finally {
    await file.close()
  }
}

/** Opens the file and looks at its first part; a file that is no CSV fails here. */
export async function facts(client: Client, call: Call): Promise<ServerFacts> {
  const file = await openFile(client, call)
  return call.stage("probe", async () => {
    await file.close()
    const { format } = file
    const warnings = [...format.warnings.slice(0, 20), ...guesses(format)]
    const details = { file: file.name, ...detailsOf(format), gzip: file.gzip }
    return { product: "CSV file", details, ...(warnings.length === 0 ? {} : { warnings }) }
  })
}

const detailsOf = ({ encoding, shape, header, names }: Format): Record<string, string | number | boolean> => ({
  encoding: encoding.name,
  delimiter: DELIMITER_NAMES[shape.delimiter] ?? shape.delimiter,
  quote: shape.quote === "" ? "none" : shape.quote === "'" ? "single" : "double",
  header,
  columns: names.length,
})

const DELIMITER_NAMES: Readonly<Record<string, string>> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" }

function guesses({ encoding, names }: Format): string[] {
  const only = names.length === 1 ? ["The file has one column; if that is wrong, fix the delimiter."] : []
  return encoding.guessed ? [...only, `The encoding ${encoding.name} is the likeliest, but a guess; fix it if texts look wrong.`] : only
}

function described({ format, gzip }: OpenFile): string {
  const { encoding, delimiter, header } = detailsOf(format)
  return `${String(encoding).toUpperCase()}, divided by ${delimiter}, ${header === true ? "with" : "without"} a header${gzip ? ", compressed with gzip" : ""}`
}
