import { defineConnector } from "../core/connector.ts"
import { connectSftp, type SftpClient } from "./sftp/connect.ts"
import { fields } from "./sftp/fields.ts"
import { sftpUrl } from "./sftp/url.ts"
import { hostAndPort } from "./shared/database-url.ts"
import { fileVerbs, fileWriteVerbs } from "./shared/files/verbs.ts"

const { test, ...verbs } = fileVerbs<SftpClient>("SFTP")

/** A folder on an SSH server, over SFTP version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions. */
export const sftp = defineConnector<typeof fields, SftpClient>({
  type: "sftp",
  title: "SFTP",
  category: "file",
  proof: "server",
  provenBy: "OpenSSH 9.2",
  summary: "The files of a folder on an SSH server, as streams: CSV, NDJSON and JSON, compressed with gzip or zstd or not at all.",
  notes: `
Each file is a stream, or with the field Streams each folder: then the files of a folder are read in the order of their paths, with the columns of all of them, and subfolders
such as \`dt=2026-11-01\` become columns. Discovery opens up to 20 files of each stream; it reports how many it did not open.

Nothing outside the folder is read or written. Discovery skips symbolic links, devices, file names that are not UTF-8, folders that the user may not list, and files of interrupted
writes, and reports each of them with the reason. A symbolic link whose target lies inside the folder can be read by its own path. Reading a stream fails if one of its folders cannot
be listed, because rows would be missing.

A read resumes at a file and a position in it, and fails if the file has been replaced since. SFTP reports only the size of a file and the second of its last change: if a file is
replaced by one of the same size within the same second, the next read does not notice it.

Writes: rows are appended to a folder as new files, whose names contain the commit token, so that a repeated write stores nothing twice. A file is written as
\`.jackfield-….part\`, flushed to disk if the server supports \`fsync@openssh.com\`, and renamed once it is complete. A server without \`posix-rename@openssh.com\` cannot replace a file.

The user needs the permissions r and x on folders, and r on files; for writes also w on folders.`,
  fields,
  url: sftpUrl,
  address: hostAndPort,
  connect: connectSftp,
  close: (client) => client.end(),
  ...verbs,
  test: async (client, call) => ({ ...(await test(client, call)), ...client.server }),
  ...fileWriteVerbs<SftpClient>(),
})
