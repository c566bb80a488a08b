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
    "A file of rows, uploaded or at a URL, compressed with gzip or zstd or not at all. Delimiter, quotes, encoding, header and types are recognised, and every line is a row or is named.",
  notes: `
### What is recognised

The first 256 KiB of the file decide, unless a field fixes it:

- compression: gzip or zstd, by the first bytes, also one inside the other; a file that grows beyond 256 MiB and beyond 200 times its size is given up, and zstd may ask for a window of 8 MiB at most
- encoding: by the byte order mark; UTF-8 when all bytes are valid, and also when only some are not; UTF-16 by its zeros; else the most likely encoding
- delimiter: comma, semicolon, tab or pipe, or the one that a line \`sep=;\` for Excel names, which is skipped
- quote: \`"\`, or \`'\` when fields are closed by it; a quote inside quotes is written twice
- line ends: LF, CR LF or CR
- notes and comments above the header: lines without a delimiter, or with \`#\`, are skipped if a header follows them
- header: a first line of names above values such as numbers, dates or addresses; years, dates and e-mail addresses may be names themselves. An empty or repeated name is changed, and the test says so
- a delimiter at the end of every row that the header does not have: it is dropped

What the file does not prove is a guess: test and catalog list it in \`guesses\`, with the field that fixes it (\`setting\`), the value that was taken and the alternative, and a sentence in \`warnings\` or \`comment\`.

The test fails if the file is HTML, XML, JSON, RTF or binary, by its content or by the server's Content-Type, or if all of its first records are rejected; discovery and reads refuse such formats too.

### Types

Discovery reads all values; before it, the first part of the file decides. A column is whole numbers (text beyond 15 digits), decimals (text), \`true\` and \`false\`, dates (\`2026-01-31\`), times of ISO 8601, or text. A number with leading zeros, a plus or an exponent is text, and so are numbers, dates, and yes and no in a local spelling (\`1.234,50\`, \`31/01/2026\`). An empty field is null, and \`""\` is an empty text.

### Rejected lines

Every record is a row or is rejected, with its line and the reason: too few or too many fields, a quote that is not closed within 8 MiB, text behind a closing quote, more than 1 MiB, a NUL character, bytes that are not of the encoding, a byte order mark at its beginning, as where files were joined, a value that does not fit its column's type. The preview names the first hundred (\`rejected\`), the catalog the first thousand (\`skipped\`, and \`complete\` is false). Blank lines, comments and skipped lines are neither rows nor rejected.

### Reading on, in parts, and as bytes

A read goes on at an offset and a line. It fails when the file was replaced since, which the upload's hash or the server's ETag, date and length tell.

An uncompressed UTF-8 file of 64 MiB and more, uploaded or at a server with byte ranges and strong ETags, can be read in slices. A slice begins at a line from which the text, read as if inside quotes, is malformed; a record that spans the line would be malformed too, so a record certainly begins there. Where no line near a cut is certain, the two parts stay one slice. Lines of a slice are counted from its beginning (\`from\`).

The bytes of the rows can be passed on without being decoded, as UTF-8 in the file's own dialect and without the header. Rejected records are left out and named; a row is written anew only if its line end differs from the others or its values hold quotes or line breaks that another reader could misread.
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
