import { defineConnector } from "../core/connector.ts"
import { connectSftp, type SftpClient } from "./sftp/connect.ts"
import { fields } from "./sftp/fields.ts"
import { fileVerbs, fileWriteVerbs } from "./shared/files/verbs.ts"

const { test, ...verbs } = fileVerbs<SftpClient>("SFTP")

/** A folder of an SSH server, by SFTP 3 (draft-ietf-secsh-filexfer-02) and OpenSSH's extensions. */
export const sftp = defineConnector<typeof fields, SftpClient>({
  type: "sftp",
  title: "SFTP",
  category: "file",
  proof: "server",
  provenBy: "OpenSSH 9.2",
  summary: "The files of a folder on an SSH server as streams: CSV, NDJSON and JSON, compressed with gzip or zstd or not at all.",
  notes: `
A file is a stream, or with Streams a folder: then all files of a folder are read in the order of their paths, with the columns of all of them, and folders such as
\`dt=2026-11-01\` below it become columns. Discovery opens up to 20 files of each stream; what it did not open, it says.

Nothing outside of Folder is read or written. Discovery names what it passes over: symbolic links, devices, names that are not UTF-8, folders that may not be listed, and
files of writes that were cut off. A link that stays inside of Folder can be read by its own path. A read of rows fails at a folder that may not be listed, because rows would be missing.

Reads go on at a file and a place in it, and fail when the file was replaced meanwhile. SFTP tells the size and the second of the last change, and no more:
another content of the same size within the same second is not noticed between two reads.

Writes: rows are appended to a folder as new files, with the token of their commit in the name, so that a repeat writes nothing twice. A file is written under the name
\`.jackfield-….part\`, made durable where the server offers \`fsync@openssh.com\`, and renamed when it is whole. A server without \`posix-rename@openssh.com\` cannot replace a file.

The user needs the rights r and x on folders and r on files; for writes also w on folders.`,
  fields,
  address: ({ host, port }) => (typeof host === "string" && typeof port === "number" ? { host, port } : undefined),
  connect: connectSftp,
  close: (client) => client.end(),
  ...verbs,
  test: async (client, call) => ({ ...(await test(client, call)), ...client.server }),
  ...fileWriteVerbs<SftpClient>(),
})
