import type { Format } from "../format.ts"
import { binaryFormatOf } from "./encoding.ts"
import { AUTO, type CsvOptions } from "./options.ts"
import { openCsv } from "./table.ts"
import { csvWriter } from "./write.ts"

const EXTENSION = /\.(?:csv|tsv|tab|psv)(?:\.\w+)?$/i

/** Delimited text: CSV, TSV and their like, as the options fix it or as a file's first part tells. */
export const csvFormat = (options: CsvOptions = AUTO): Format => ({
  name: "csv",
  looksLike: (head, path) => (binaryFormatOf(head) !== undefined ? 0 : EXTENSION.test(path) ? 0.8 : isDelimited(head) ? 0.6 : 0.2),
  open: (source) => openCsv(source, options),
  writer: (columns) => csvWriter(columns),
})

/** Whether the first lines have the same delimiter equally often. */
function isDelimited(head: Buffer): boolean {
  const lines = head.toString("latin1", 0, 65_536).split(/\r\n?|\n/, 4)
  return [",", ";", "\t", "|"].some((delimiter) => {
    const [first = 0, ...others] = lines.slice(0, 3).map((line) => line.split(delimiter).length)
    return first > 1 && others.every((many) => many === first)
  })
}
