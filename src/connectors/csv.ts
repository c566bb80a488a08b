import { defineConnector } from "../core/connector.ts"
import { discover, facts } from "./csv/catalog.ts"
import { csvFields } from "./csv/fields.ts"
import { read } from "./csv/read.ts"
import type { Client } from "./csv/source.ts"
import { explainHttp } from "./shared/http.ts"

/** One file of rows, as it was uploaded or as a URL gives it. */
export const csv = defineConnector({
  type: "csv",
  title: "CSV file",
  category: "file",
  proof: "server",
  summary:
    "A file of rows, uploaded or at a URL, compressed with gzip or not: delimiter, quotes, encoding, header and types are found out, and every line is a row or named.",
  fields: csvFields,

  connect(config, lease): Client {
    const { source } = config
    const tls = source.kind === "url" ? source.tls : undefined
    return { config, dispatcher: lease.dispatcher(tls?.kind === "require" ? { mode: "require" } : { mode: "verify", ca: tls?.ca || undefined }) }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test: facts,
  discover,
  read,
  explain: explainHttp,
})
