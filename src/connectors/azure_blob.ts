import { defineConnector } from "../core/connector.ts"
import { explainHttp } from "../core/http/errors.ts"
import { connectContainer, originOf } from "./azure_blob/container.ts"
import { fields } from "./azure_blob/fields.ts"
import { filesOf } from "./azure_blob/files.ts"
import { fileClient } from "./shared/files/fields.ts"
import { objectStoreNotes } from "./shared/files/notes.ts"
import type { FileClient } from "./shared/files/open-file.ts"
import { fileVerbs, fileWriteVerbs } from "./shared/files/verbs.ts"

/** Azure Blob Storage. */
export const azureBlob = defineConnector({
  type: "azure_blob",
  title: "Azure Blob Storage",
  category: "object store",
  proof: "emulator",
  provenBy: "Azurite 3.35.0",
  summary: "The files of a container of Azure Blob Storage or Data Lake Storage as streams: CSV, NDJSON and JSON, compressed with gzip or zstd or not at all.",
  notes: `${objectStoreNotes({ version: "its ETag", large: "in blocks" })}
Azure cannot begin a listing in the middle: a resumed read of a folder lists its files from the beginning, and opens only those that are left.

A service principal needs the role Storage Blob Data Reader on the container, and Storage Blob Data Contributor for writes; a shared access signature needs the rights to read and
list (\`sp=rl\`), and to create and write (\`cw\`).`,
  fields,
  address({ account, endpoint }) {
    if (typeof account !== "string") return undefined
    const { protocol, hostname, port } = new URL(originOf({ account, endpoint: (endpoint ?? { kind: "standard", cloud: "public" }) as never }))
    return { host: hostname, port: Number(port || (protocol === "http:" ? 80 : 443)) }
  },
  connect: (config, lease): FileClient => fileClient(filesOf(connectContainer(config, lease)), config),
  // The dispatcher is the lease's and ends with it.
  close() {},
  ...fileVerbs("Azure Blob Storage"),
  ...fileWriteVerbs(),
  explain: explainHttp,
})
