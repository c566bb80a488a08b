import { setImmediate } from "node:timers/promises"
import type { Client, SFTPWrapper } from "ssh2"
import { PlatformError } from "../../core/errors.ts"
import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { setField } from "../../core/remedies.ts"
import { fileClient } from "../shared/files/fields.ts"
import type { FileClient } from "../shared/files/open-file.ts"
import { filesOf } from "../shared/sftp/store.ts"
import { Wire } from "../shared/sftp/wire.ts"
import { throughTunnel } from "../shared/ssh.ts"
import type { fields } from "./fields.ts"

export interface SftpClient extends FileClient {
  /** The name and version that the server reports. */
  readonly server: { readonly product: string; readonly version?: string }
  end(): void
}

/** Logs in, starts an SFTP session and finds the folder. */
export async function connectSftp(config: Config<typeof fields>, given: Lease): Promise<SftpClient> {
  const lease = throughTunnel(given, config.tunnel)
  const { client, software = "SSH" } = await lease.ssh(config)
  const sftp = await lease.stage("permission", () => begin(client, config))
  const wire = new Wire(sftp, config.user)
  const root = await lease.stage("permission", () => rootOf(wire, config.folder))
  const [, product = software, version] = /^(.+?)[_-](\d.*)$/.exec(software) ?? []
  return {
    ...fileClient(filesOf(wire, root, lease), config),
    server: { product, ...(version === undefined ? {} : { version }) },
    end: () => client.end(),
  }
}

/** The folder's path on the server, with symbolic links resolved. */
async function rootOf(wire: Wire, folder: string): Promise<string> {
  const path = folder === "" ? "." : folder
  try {
    const root = await wire.get<string>({ to: "list", path }, (sftp, done) => sftp.realpath(path, done))
    if ((await wire.stat(root)).isDirectory()) return root
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== "stream_not_found") throw error
  }
  throw new PlatformError("database_not_found", `The server has no folder ${path}; correct Folder.`, { remedies: [setField("Correct the folder", "/folder")] })
}

async function begin(client: Client, { host, user }: Config<typeof fields>): Promise<SFTPWrapper> {
  let lost = false
  client.once("close", () => {
    lost = true
  })
  try {
    return await new Promise((resolve, reject) => client.sftp((error, session) => (error === undefined ? resolve(session) : reject(error))))
  } catch (cause) {
    // The event that the connection closed comes after its requests have failed.
    await setImmediate()
    throw lost
      ? new PlatformError("connection_lost", `The connection to ${host} was lost before the SFTP session started; try again.`, { cause })
      : new PlatformError("permission_denied", `The login at ${host} works, but the server starts no SFTP session; enable the subsystem sftp for ${user}.`, {
          cause,
        })
  }
}
