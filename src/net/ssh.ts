import { createHash } from "node:crypto"
import type { Client, ConnectConfig } from "ssh2"
import { type ErrorCode, PlatformError } from "../core/errors.ts"
import type { SshConnection, SshSpec } from "../core/lease.ts"
import type { Route } from "./dial.ts"
import { formatTarget } from "./host.ts"
import type { LeaseCore } from "./lease-core.ts"

/** How the errors of a login name the server, and their codes. */
export interface SshRole {
  readonly name: "bastion" | "server"
  readonly refused: ErrorCode
  readonly broken: ErrorCode
}

export const BASTION: SshRole = { name: "bastion", refused: "tunnel_auth_failed", broken: "tunnel_failed" }
export const SERVER: SshRole = { name: "server", refused: "auth_failed", broken: "connection_lost" }

/**
 * Connects to an SSH server over a route, verifies its pinned host key and logs in, without an agent or key files. The connection
 * ends with the lease. Throws `host_key_mismatch`, `protocol_invalid`, `timed_out` and the codes of the role.
 */
export async function loginBySsh(core: LeaseCore, route: Route, spec: SshSpec, role: SshRole): Promise<SshConnection> {
  const { host, port } = spec
  const target = formatTarget(host, port)
  const sock = await route.dial({ host, port })
  const login = async (): Promise<SshConnection> => {
    const { Client } = (await import("ssh2")).default
    core.assertOpen()
    const client = new Client()
    // Never removed: an error of the connection after login must not end the process.
    client.on("error", () => undefined)
    core.onEnd(() => {
      client.destroy()
    })
    answerPrompts(client, spec.auth)
    let shown: string | undefined
    let software: string | undefined
    const pinned = normalise(spec.hostKey)
    const hostVerifier = (key: Buffer): boolean => {
      shown = createHash("sha256").update(key).digest("base64").replace(/=+$/, "")
      return shown === pinned
    }
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        client.destroy()
        sock.destroy()
        reject(shown !== undefined && shown !== pinned ? mismatch(target, shown, cause, role) : loginFailed(target, cause, role))
      }
      client.once("ready", resolve)
      client.once("error", fail)
      client.once("close", () => fail(new Error(`The ${role.name} closed the connection.`)))
      try {
        client.connect({
          sock: sock as NonNullable<ConnectConfig["sock"]>,
          hostVerifier,
          ...credentials(spec),
          readyTimeout: core.remainingMs() + 1_000,
        })
        sock.once("data", (first: Buffer) => {
          software = /^SSH-2\.0-([\x21-\x7e]{1,100})/m.exec(first.toString("latin1"))?.[1]
        })
      } catch (cause) {
        reject(keyUnreadable(cause, role))
        client.destroy()
        sock.destroy()
      }
    })
    return { client, software }
  }
  return await (role === SERVER ? core.stage("auth", login) : login())
}

function credentials({ auth, user }: SshSpec): ConnectConfig {
  const common = { username: user, keepaliveInterval: 10_000, keepaliveCountMax: 3, agentForward: false, tryKeyboard: auth.kind === "password" }
  if (auth.kind === "password") return { ...common, password: auth.password.reveal() }
  return { ...common, privateKey: auth.privateKey.reveal(), ...(auth.passphrase === undefined ? {} : { passphrase: auth.passphrase.reveal() }) }
}

/**
 * Answers "keyboard-interactive" prompts for the password, which servers with PAM use; other questions (a second
 * factor) stay unanswered.
 */
function answerPrompts(client: Client, auth: SshSpec["auth"]): void {
  if (auth.kind !== "password") return
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) => {
    const [only, ...more] = prompts
    finish(only !== undefined && more.length === 0 && only.echo !== true ? [auth.password.reveal()] : [])
  })
}

/** `SHA256:…` in OpenSSH's notation, with or without the prefix or padding. */
const normalise = (fingerprint: string): string =>
  fingerprint
    .trim()
    .replace(/^SHA256:/i, "")
    .replace(/=+$/, "")

function mismatch(target: string, shown: string, cause: unknown, { name }: SshRole): PlatformError {
  const message = `The ${name} ${target} presented the host key SHA256:${shown}, which is not the pinned one; pin it only if you know that it is correct.`
  return new PlatformError("host_key_mismatch", message, { cause, details: { hostKey: `SHA256:${shown}`, [name]: target } })
}

/** Explains the failure of an SSH connection before its login was complete. */
export function loginFailed(target: string, cause: Error, { name, refused, broken }: SshRole): PlatformError {
  if (cause instanceof PlatformError) return cause
  const level: unknown = Reflect.get(cause, "level")
  if (level === "client-authentication")
    return new PlatformError(refused, `The ${name} ${target} refused the login; check the user, and the key or password.`, { cause })
  if (level === "client-timeout") return new PlatformError("timed_out", `The ${name} ${target} did not answer in time; check host and port.`, { cause })
  if (level === "protocol" || level === "handshake" || /Expected|Invalid identification|Protocol/i.test(cause.message))
    return new PlatformError("protocol_invalid", `The server at ${target} does not speak SSH 2; check the ${name}'s port.`, { cause })
  return new PlatformError(broken, `The SSH connection to ${target} broke before the login was complete; check the ${name}.`, { cause })
}

function keyUnreadable(cause: unknown, { name, refused }: SshRole): PlatformError {
  const locked = cause instanceof Error && /passphrase/i.test(cause.message)
  const why = locked ? "is encrypted and the passphrase is missing or wrong" : "cannot be read; provide it in OpenSSH or PEM format"
  return new PlatformError(refused, `The private key for the ${name} ${why}.`, { cause })
}
