import { defineConnector } from "../core/connector.ts"
import { explainHttp } from "../core/http/errors.ts"
import { discover, facts } from "./csv/catalog.ts"
import { csvFields } from "./csv/fields.ts"
import { read } from "./csv/read.ts"
import type { Client } from "./csv/source.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { httpClient } from "./shared/http/client.ts"
import { httpsSpec } from "./shared/http/https.ts"

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
    const tls = httpsSpec(source.kind === "url" ? source.tls : { kind: "verify", ca: undefined })
    return { config, http: httpClient(lease.dispatcher(tls), { auth: authOf(source.kind === "url" ? source.auth : { kind: "none" }, tls) }) }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test: facts,
  discover,
  read,
  explain: explainHttp,
})
