import { defineConnector } from "../core/connector.ts"
import { explainHttp } from "../core/http/errors.ts"
import { connectObjects } from "./gcs/bucket.ts"
import { fields } from "./gcs/fields.ts"
import { filesOf } from "./gcs/files.ts"
import { fileClient } from "./shared/files/fields.ts"
import { objectStoreNotes } from "./shared/files/notes.ts"
import type { FileClient } from "./shared/files/open-file.ts"
import { fileVerbs, fileWriteVerbs } from "./shared/files/verbs.ts"
import { googleHost } from "./shared/google/endpoints.ts"

/** Google Cloud Storage. */
export const gcs = defineConnector({
  type: "gcs",
  title: "Google Cloud Storage",
  category: "object store",
  proof: "emulator",
  provenBy: "fake-gcs-server behind a front that checks tokens",
  summary: "The files of a bucket of Google Cloud Storage as streams: CSV, NDJSON and JSON, compressed with gzip or zstd or not at all.",
  notes: `${objectStoreNotes({ version: "its generation", large: "by a resumable upload" })}
The login needs the role Storage Object Viewer on the bucket, and Storage Object Creator for writes.`,
  fields,
  address: ({ endpoint }) => ({ host: googleHost("storage", (endpoint ?? { kind: "global" }) as never), port: 443 }),
  connect: (config, lease): FileClient => fileClient(filesOf(connectObjects(config, lease)), config),
  // The dispatcher is the lease's and ends with it.
  close() {},
  ...fileVerbs("Google Cloud Storage"),
  ...fileWriteVerbs(),
  explain: explainHttp,
})
