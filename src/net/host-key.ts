import { createHash } from "node:crypto"
import type { ConnectConfig } from "ssh2"
import { untilAborted } from "../core/abort.ts"
import type { Address, Lease } from "../core/lease.ts"
import { formatTarget } from "./host.ts"
import { BASTION, loginFailed } from "./ssh.ts"

/**
 * Reads the fingerprint of an SSH server's host key, in OpenSSH's notation: `SHA256:…`. Performs only the key
 * exchange, no login. For keys that are trusted on first use; throws the same errors as a tunnel.
 */
export async function readHostKey(lease: Lease, bastion: Address): Promise<string> {
  const target = formatTarget(bastion.host, bastion.port)
  const sock = await lease.dial(bastion)
  const { Client } = (await import("ssh2")).default
  const client = new Client()
  // Never removed: errors after the key is known must not end the process.
  client.on("error", () => undefined)
  try {
    const shown = new Promise<string>((resolve, reject) => {
      const fail = (cause: Error): void => reject(loginFailed(target, cause, BASTION))
      const hostVerifier = (key: Buffer): boolean => {
        resolve(fingerprint(key))
        return false
      }
      client.once("error", fail)
      client.once("close", () => fail(new Error("The bastion closed the connection.")))
      client.connect({ sock: sock as NonNullable<ConnectConfig["sock"]>, hostVerifier, username: "jackfield", readyTimeout: lease.remainingMs() + 1_000 })
    })
    return await untilAborted(lease.signal, shown)
  } finally {
    client.destroy()
    sock.destroy()
  }
}

/** A public host key's fingerprint in OpenSSH's notation. */
const fingerprint = (key: Buffer): string => `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
