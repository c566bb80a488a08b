import { createHash, generateKeyPairSync } from "node:crypto"
import { connect } from "node:net"
import ssh2 from "ssh2"
import type { Address } from "../../src/core/lease.ts"
import { listenRaw } from "./loopback.ts"
import { standIns } from "./stand-ins.ts"

/** An SSH bastion to test against. `forwards` lists every target it was asked for. */
export interface SshServer extends AsyncDisposable {
  readonly port: number
  /** Its fingerprint as OpenSSH prints it. */
  readonly hostKey: string
  readonly forwards: readonly string[]
  /** Connections that it has now. */
  connections(): number
  /** Ends every connection, as a bastion that dies. */
  kill(): void
  close(): Promise<void>
}

export interface SshServerOptions {
  readonly user: string
  readonly password?: string
  /** Takes the password by "keyboard-interactive" alone, as with PAM. */
  readonly prompts?: boolean
  /** OpenSSH public key that may log in. */
  readonly publicKey?: string
  /** False refuses every forward as prohibited. */
  readonly forwarding?: boolean
  /** Serves the subsystem sftp; without it there is none. */
  readonly sftp?: (session: ssh2.SFTPWrapper, client: ssh2.Connection) => void
}

/** An SSH server made of ssh2's own: it forwards TCP, and has SFTP if it is given. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const key = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString()
  const parsed = ssh2.utils.parseKey(key)
  if (parsed instanceof Error) throw parsed
  const hostKey = `SHA256:${createHash("sha256").update(parsed.getPublicSSH()).digest("base64").replace(/=+$/, "")}`
  const forwards: string[] = []
  const clients = new Set<ssh2.Connection>()
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    clients.add(client)
    client.on("error", () => undefined)
    client.on("close", () => clients.delete(client))
    client.on("authentication", (context) => {
      if (options.prompts === true) prompt(context, options)
      else if (mayEnter(context, options)) context.accept()
      else context.reject()
    })
    client.on("session", (accept) => {
      const session = accept()
      session.on("sftp", (take, refuse) => (options.sftp === undefined ? refuse() : options.sftp(take(), client)))
    })
    client.on("tcpip", (accept, reject, info) => {
      forwards.push(`${info.destIP}:${info.destPort}`)
      if (options.forwarding === false) reject()
      else forward(behind(info.destIP, info.destPort), accept, reject)
    })
  })
  const { port, close } = await listenRaw((socket) => server.injectSocket(socket.setNoDelay()))
  const kill = (): void => {
    for (const client of clients) client.end()
  }
  return { hostKey, forwards, connections: () => clients.size, kill, port, close, [Symbol.asyncDispose]: close }
}

function prompt(context: ssh2.AuthContext, { password }: SshServerOptions): void {
  if (context.method !== "keyboard-interactive") context.reject(["keyboard-interactive"])
  else context.prompt([{ prompt: "Password: ", echo: false }], (answers) => (answers[0] === password ? context.accept() : context.reject()))
}

function mayEnter(context: ssh2.AuthContext, { user, password, publicKey }: SshServerOptions): boolean {
  if (context.username !== user) return false
  if (context.method === "password") return password !== undefined && context.password === password
  if (context.method !== "publickey" || publicKey === undefined) return false
  const known = ssh2.utils.parseKey(publicKey)
  if (known instanceof Error || !known.getPublicSSH().equals(context.key.data)) return false
  // A client asks first whether the key would do; the signature comes with the second request.
  const { signature, blob, hashAlgo } = context
  return signature === undefined || known.verify(blob ?? Buffer.alloc(0), signature, hashAlgo) === true
}

/** The bastion resolves names for itself: those of stand-ins, and one of its own. */
const behind = (host: string, port: number): Address => standIns.get(`${host}:${port}`) ?? { host: host === "inside.corp" ? "127.0.0.1" : host, port }

function forward({ host, port }: Address, accept: () => ssh2.ServerChannel, reject: () => void): void {
  const socket = connect(port, host)
  socket.once("error", reject)
  socket.once("connect", () => {
    socket.off("error", reject)
    const channel = accept()
    socket.on("error", () => channel.destroy())
    channel.on("error", () => socket.destroy())
    socket.pipe(channel).pipe(socket)
  })
}
