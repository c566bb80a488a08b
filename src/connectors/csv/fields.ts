import { choice, list, optional, secret, text, variant } from "../../core/fields.ts"
import { TEXT_KINDS } from "../shared/files/kinds.ts"
import { headerNameFault, headerValueFault } from "../shared/header-rules.ts"

/** The hub sets these itself, besides those that nobody may set: it decides which part of the file it asks for, and in which coding. */
const nameFault = (name: string): string | undefined => headerNameFault(name) ?? (/^(range|accept-encoding)$/i.test(name) ? "is set by the hub." : undefined)
const encodingFault = (label: string): string | undefined => {
  try {
    new TextDecoder(label)
    return undefined
  } catch {
    return "must be a name of the WHATWG Encoding Standard, such as utf-8, utf-16le, windows-1252 or shift_jis."
  }
}

const auth = variant(
  "Authentication",
  {
    none: { title: "None", fields: {} },
    basic: { title: "User and password", fields: { username: text("User"), password: secret("Password") } },
    bearer: { title: "Bearer token", fields: { token: secret("Token", { check: headerValueFault }) } },
    header: { title: "Key in a header", fields: { name: text("Header", { check: nameFault }), value: secret("Key", { check: headerValueFault }) } },
  },
  { default: "none" },
)

const tls = variant(
  "TLS",
  {
    verify: {
      title: "Verify the server's certificate",
      fields: { ca: optional(text("CA certificate", { format: "pem", help: "PEM of a private authority; without it the system's roots decide." })) },
    },
    require: { title: "Do not verify the server's certificate", fields: {} },
  },
  { default: "verify", help: "Only for https URLs." },
)

export const csvFields = {
  source: variant("File", {
    upload: { title: "An upload", fields: { upload: text("Upload", { format: "upload", help: "The id in the answer of POST /v1/uploads." }) } },
    url: { title: "A URL", fields: { url: text("URL", { format: "url", example: "https://files.example.com/orders.csv.gz" }), auth, tls } },
  }),
  delimiter: choice("Delimiter", ["auto", "comma", "semicolon", "tab", "pipe"], { default: "auto" }),
  quote: choice("Quote", ["auto", "double", "single", "none"], { default: "auto", help: "A quote within quotes is written twice." }),
  encoding: text("Encoding", {
    default: "auto",
    maxLength: 40,
    check: (label) => (label === "auto" ? undefined : encodingFault(label)),
    example: "windows-1252",
  }),
  header: choice("Header", ["auto", "yes", "no"], { default: "auto", help: "Whether the first line names the columns." }),
  types: choice("Types", ["auto", "text"], { default: "auto", help: "text: every column is text, except those below." }),
  columns: list(
    "Columns",
    { name: text("Name", { maxLength: 1_024 }), type: choice("Type", TEXT_KINDS) },
    { by: "name", max: 1_000, help: "Types that are fixed; a line whose value does not fit is rejected." },
  ),
}
