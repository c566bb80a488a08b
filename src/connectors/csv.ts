import { defineConnector } from "../core/connector.ts"
import type { Config } from "../core/fields.ts"
import { explainHttp } from "../core/http/errors.ts"
import type { Lease } from "../core/lease.ts"
import { csvFields } from "./csv/fields.ts"
import { csvFormat } from "./shared/files/csv/format.ts"
import { Layout } from "./shared/files/layout.ts"
import type { FileClient } from "./shared/files/open-file.ts"
import { type FileStore, oneFile } from "./shared/files/store.ts"
import { uploadSource } from "./shared/files/upload.ts"
import { urlSource } from "./shared/files/url.ts"
import { fileVerbs } from "./shared/files/verbs.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { httpClient } from "./shared/http/client.ts"
import { httpsSpec } from "./shared/http/https.ts"

/** One file of rows, from an upload or a URL. */
export const csv = defineConnector({
  type: "csv",
  title: "CSV file",
  category: "file",
  proof: "server",
  summary:
    "A file of rows, uploaded or at a URL, compressed with gzip or zstd or not at all. Delimiter, quotes, encoding, header and types are recognized, and every line is either a row or is reported.",
  notes: `
### Recognized properties

The first 256 KiB of the file determine these properties, unless a field fixes them:

- compression: gzip or zstd, by the first bytes, also one inside the other; a file that grows beyond 256 MiB and beyond 200 times its size is rejected, and zstd may use a window of at most 8 MiB
- encoding: by the byte order mark; UTF-8 if all bytes are valid, or if only a few are not; UTF-16 by its zeros; otherwise the most likely encoding
- delimiter: comma, semicolon, tab or pipe, or the one in a line \`sep=;\` for Excel, which is skipped
- quote: \`"\`, or \`'\` if fields end with it; a quote inside quotes is doubled
- line ends: LF, CR LF or CR
- notes and comments above the header: lines without a delimiter, or with \`#\`, are skipped if a header follows them
- header: a first line of names above values such as numbers, dates or addresses; years, dates and e-mail addresses may themselves be names. An empty or repeated name is changed, and the test reports it
- a delimiter at the end of every row that the header does not have: it is dropped

A property that the file does not prove is a guess. The test and the catalog list it in \`guesses\`, with the field that fixes it (\`setting\`), the chosen value and the alternative, and as a sentence in \`warnings\` or \`comment\`.

The test fails if the file is HTML, XML, JSON, RTF or binary, by its content or by the server's Content-Type, or if all of its first records are rejected; discovery and reads also reject such formats.

### Types

Discovery reads all values; before a discovery, the first part of the file determines the types. A column contains whole numbers (returned as text beyond 15 digits), decimals (returned as text), \`true\` and \`false\`, dates (\`2026-01-31\`), ISO 8601 times, or text. A number with leading zeros, a plus sign or an exponent is text, and so are numbers, dates and yes or no in a local format (\`1.234,50\`, \`31/01/2026\`). An empty field is null, and \`""\` is an empty text.

### Rejected lines

Every record is a row or is rejected, with its line and the reason: too few or too many fields, a quote that is not closed within 8 MiB, text after a closing quote, more than 1 MiB, a NUL character, bytes that are invalid in the encoding, a byte order mark at its beginning (as in joined files), or a value that does not fit its column's type. The preview names the first hundred (\`rejected\`), the catalog the first thousand (\`skipped\`, and \`complete\` is false). Blank lines, comments and skipped lines are neither rows nor rejected.

### Resuming, slices and bytes

A read resumes at an offset and a line. It fails if the file has been replaced since, according to the upload's hash or the server's ETag, date and length.

An uncompressed UTF-8 file of at least 64 MiB, uploaded or on a server with byte ranges and strong ETags, can be read in slices. A slice begins at a line from which the text, read as if inside quotes, is malformed; a record that spans the line would be malformed too, so a record certainly begins there. If no line near a cut is certain, the two parts remain one slice. Lines of a slice are counted from its beginning (\`from\`).

The bytes of the rows can be passed on without being decoded, as UTF-8 in the file's own dialect and without the header. Rejected records are left out and reported; a row is rewritten only if its line end differs from the others or its values hold quotes or line breaks that another reader could misread.
`,
  fields: csvFields,

  connect(config, lease): FileClient {
    const { source } = config
    return {
      store: source.kind === "upload" ? oneFile((call) => uploadSource(source.upload, call)) : urlStore(source, lease),
      layout: new Layout({ per: "one" }),
      formats: [csvFormat(config)],
      survey: "values",
    }
  },

  // The dispatcher is the lease's and ends with it.
  close() {},

  ...fileVerbs("CSV file"),
  explain: explainHttp,
})

function urlStore({ url, auth, tls }: Extract<Config<typeof csvFields>["source"], { kind: "url" }>, lease: Lease): FileStore {
  const spec = httpsSpec(tls)
  const http = httpClient(lease.dispatcher(spec), { auth: authOf(auth, spec) })
  return oneFile((call) => urlSource(new URL(url), http, call))
}
