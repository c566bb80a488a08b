import { type Config, choice, text } from "../../../core/fields.ts"
import { csvFormat } from "./csv/format.ts"
import type { Format } from "./format.ts"
import { jsonFormat } from "./json/format.ts"
import { Layout } from "./layout.ts"
import { ndjsonFormat } from "./ndjson/format.ts"
import type { FileClient } from "./open-file.ts"
import type { FileStore } from "./store.ts"

const FORMATS = { csv: () => csvFormat(), ndjson: ndjsonFormat, json: jsonFormat } as const satisfies Readonly<Record<string, () => Format>>
type FormatName = keyof typeof FORMATS
const NAMES = Object.keys(FORMATS) as FormatName[]

const globFault = (glob: string): string | undefined => (glob.startsWith("/") ? "must not begin with a slash, because paths of files do not." : undefined)

/** The fields that select the files of a store, map them to streams, and set the format of new files. */
export const fileFields = {
  files: text("Files", {
    default: "**",
    maxLength: 1_024,
    check: globFault,
    example: "exports/2026/**/*.csv",
    help: "The files to read: * is any text within a folder, ** any folders, ? one character.",
  }),
  streams: choice("Streams", ["file", "folder"], {
    default: "file",
    help: "folder: the files of a folder are one stream, and folders such as dt=2026-11-01 below it are columns.",
  }),
  format: choice("Format", ["auto", ...NAMES], { default: "auto", help: "auto: recognized by each file's first bytes and its name." }),
  writes: choice("Format of new files", NAMES, { default: "csv" }),
  compression: choice("Compression of new files", ["none", "gzip", "zstd"], { default: "none" }),
}

/** The client for a store's files with the settings in these fields. */
export const fileClient = (store: FileStore, { files, streams, format, writes, compression }: Config<typeof fileFields>): FileClient => ({
  store,
  layout: new Layout({ per: streams, glob: files }),
  formats: (format === "auto" ? NAMES : [format]).map((name) => FORMATS[name]()),
  survey: "heads",
  output: { format: FORMATS[writes](), compression },
})
