import type { Format } from "../format.ts"
import { binaryFormatOf, textFormatOf } from "../known-formats.ts"
import { AUTO, type CsvOptions } from "./options.ts"
import { openCsv } from "./table.ts"
import { csvWriter } from "./write.ts"

const EXTENSION = /\.(?:csv|tsv|tab|psv)(?:\.\w+)?$/i

/** Delimited text such as CSV and TSV. The options fix its properties; the others are recognized from the file's first part. */
export const csvFormat = (options: CsvOptions = AUTO): Format => ({
  name: "csv",
  looksLike: (head, path) => (isOther(head) ? 0 : EXTENSION.test(path) ? 0.8 : isDelimited(head) ? 0.6 : 0.2),
  open: (source) => openCsv(source, options),
  writer: (columns) => csvWriter(columns),
})

const isOther = (head: Buffer): boolean => binaryFormatOf(head) !== undefined || textFormatOf(head.toString("utf8", 0, 65_536), false) !== undefined

/** Whether the first lines contain the same number of some delimiter. */
function isDelimited(head: Buffer): boolean {
  const lines = head.toString("latin1", 0, 65_536).split(/\r\n?|\n/, 4)
  return [",", ";", "\t", "|"].some((delimiter) => {
    const [first = 0, ...others] = lines.slice(0, 3).map((line) => line.split(delimiter).length)
    return first > 1 && others.every((many) => many === first)
  })
}
