import { defineConnector } from "../core/connector.ts"
import { explainHttp } from "../core/http/errors.ts"
import { connectContainer, originOf } from "./azure_blob/container.ts"
import { fields } from "./azure_blob/fields.ts"
import { filesOf } from "./azure_blob/files.ts"
import { fileClient } from "./shared/files/fields.ts"
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
  notes: `
A file is a stream, or with Streams a folder: then all files of a folder are read in the order of their names, with the columns of all of them, and folders such as
\`dt=2026-11-01\` below it become columns. Reads go on at a file and a place in it, and fail when a file was replaced meanwhile, which its ETag tells. Azure cannot begin a
listing in the middle: a read of a folder that goes on lists its files from the beginning, and opens only those that are left.

Rows are appended to a folder as new files, each of them whole or not there at all, with the token of its commit in the name. A file of more than 16 MiB is sent in blocks.

A service principal needs the role Storage Blob Data Reader on the container, and Storage Blob Data Contributor for writes; a shared access signature the rights to read and
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
