import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { greetingOf } from "../support/loopback.ts"
import { giveToServer } from "../support/servers/account.ts"
import { defineServer } from "../support/servers/server.ts"

/** An SSH server that forwards and has files, and the one key that opens it. */
export interface Bastion {
  readonly port: number
  /** Its fingerprint as OpenSSH prints it. */
  readonly hostKey: string
  readonly user: string
  /** PEM. */
  readonly privateKey: string
}

/** The same with a folder for files. */
export interface SftpPlace extends Bastion {
  /** Belongs to the user. */
  readonly folder: string
}

/** Debian's OpenSSH. It logs in the account under which it runs, by a key, and forwards; SFTP is its own (`internal-sftp`). */
export const openssh = defineServer<SftpPlace>({
  name: "OpenSSH",
  packages: { debian: { "openssh-server": ["sshd", "ssh-keygen"] } },
  async begin(sandbox, { program }) {
    const at = (name: string): string => join(sandbox.folder, name)
    const keygen = (...args: string[]): Promise<string> => sandbox.run(program("ssh-keygen"), args)
    for (const name of ["host", "login"]) await keygen("-q", "-t", "ed25519", "-N", "", "-C", "jackfield test", "-f", at(name))
    const [, hostKey = ""] = (await keygen("-lf", at("host.pub"))).split(" ")
    const user = (await sandbox.run("id", ["-un"])).trim()
    const folder = at("files")
    mkdirSync(folder)
    giveToServer(folder)
    return sandbox.onFreePorts(1, async (port) => {
      const config = {
        ListenAddress: `127.0.0.1:${port}`,
        HostKey: at("host"),
        PidFile: "none",
        AuthorizedKeysFile: at("login.pub"),
        AllowUsers: user,
        StrictModes: "no",
        // A server that may not read /etc/shadow takes every account for locked unless it asks PAM.
        UsePAM: "yes",
        PasswordAuthentication: "no",
        KbdInteractiveAuthentication: "no",
        PubkeyAuthentication: "yes",
        AllowTcpForwarding: "yes",
        AllowAgentForwarding: "no",
        X11Forwarding: "no",
        PermitTunnel: "no",
        Subsystem: "sftp internal-sftp",
        MaxStartups: "100:30:200",
        LogLevel: "VERBOSE",
      }
      const lines = Object.entries(config).map(([name, value]) => `${name} ${value}\n`)
      await sandbox.launch("sshd", program("sshd"), ["-D", "-e", "-f", sandbox.write("sshd_config", lines.join(""))], {
        ready: async () => (await greetingOf(port)).startsWith("SSH-2.0"),
      })
      return { port, hostKey, user, privateKey: readFileSync(at("login"), "utf8"), folder }
    })
  },
})
