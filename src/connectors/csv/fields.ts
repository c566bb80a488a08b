import { choice, integer, list, optional, text, variant } from "../../core/fields.ts"
import { TEXT_KINDS } from "../shared/files/kinds.ts"
import { authKinds } from "../shared/http/auth/fields.ts"
import { headerNameFault } from "../shared/http/header-rules.ts"
import { httpsField } from "../shared/http/https.ts"

/** Headers that the hub sets itself for a file, in addition to the generally reserved ones: they select the part of the file and its coding. */
const nameFault = (name: string): string | undefined => headerNameFault(name) ?? (/^(range|accept-encoding)$/i.test(name) ? "is set by the hub." : undefined)
const encodingFault = (label: string): string | undefined => {
  try {
    new TextDecoder(label)
    return undefined
  } catch {
    return "must be a name of the WHATWG Encoding Standard, such as utf-8, utf-16le, windows-1252 or shift_jis."
  }
}

const header = { ...authKinds.header, fields: { ...authKinds.header.fields, name: text("Header", { check: nameFault }) } }
const auth = variant("Authentication", { none: authKinds.none, basic: authKinds.basic, bearer: authKinds.bearer, header }, { default: "none" })

export const csvFields = {
  source: variant("File", {
    upload: { title: "An upload", fields: { upload: text("Upload", { format: "upload", help: "The id in the answer of POST /v1/uploads." }) } },
    url: { title: "A URL", fields: { url: text("URL", { format: "url", example: "https://files.example.com/orders.csv.gz" }), auth, tls: httpsField } },
  }),
  delimiter: choice("Delimiter", ["auto", "comma", "semicolon", "tab", "pipe"], { default: "auto" }),
  quote: choice("Quote", ["auto", "double", "single", "none"], { default: "auto", help: "A quote inside quotes is doubled." }),
  encoding: text("Encoding", {
    default: "auto",
    maxLength: 40,
    check: (label) => (label === "auto" ? undefined : encodingFault(label)),
    example: "windows-1252",
  }),
  header: choice("Header", ["auto", "yes", "no"], { default: "auto", help: "Whether the first line names the columns." }),
  skipLines: optional(
    integer("Lines to skip", { min: 0, max: 10_000, help: "Lines above the header or the first row. By default, notes above a header are recognized." }),
  ),
  commentPrefix: optional(
    text("Comment prefix", { maxLength: 8, example: "#", help: "Lines that begin with it are skipped. By default, only comments above the header are." }),
  ),
  trailingDelimiter: choice("Trailing delimiter", ["auto", "drop", "keep"], {
    default: "auto",
    help: "A delimiter at the end of a row, after the last column. auto: dropped if every row has one and the header has none.",
  }),
  contentType: choice("Content type", ["checked", "ignored"], {
    default: "checked",
    help: "checked: a file that the server declares as HTML, JSON or another format is rejected.",
  }),
  types: choice("Types", ["auto", "text"], { default: "auto", help: "text: every column is text, except those below." }),
  columns: list(
    "Columns",
    { name: text("Name", { maxLength: 1_024 }), type: choice("Type", TEXT_KINDS) },
    { by: "name", max: 1_000, help: "Types that are fixed; a line whose value does not fit is rejected." },
  ),
}
