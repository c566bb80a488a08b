import type { Agent as HttpAgent } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { Client } from "ssh2"
import type { Dispatcher } from "undici"
import type { Secret } from "./fields.ts"
import type { StageName } from "./trace.ts"

export interface Address {
  /** A DNS name or an IP literal (IPv6 without brackets). */
  readonly host: string
  readonly port: number
}

/**
 * `require` encrypts without verifying the server; `verify` also checks the chain and the name, against `ca` (PEM) or
 * the system's roots.
 */
export interface TlsSpec {
  readonly mode: "require" | "verify"
  readonly ca?: string | undefined
  /** The name to verify and to send as SNI, if it differs from the host. */
  readonly servername?: string | undefined
  readonly alpn?: readonly string[]
  /** For protocols that carry the handshake in messages of their own, which end before TLS 1.3 has sent all of its own. */
  readonly newest?: "TLSv1.2"
  /** The most bytes of a record that is sent, from 512 to 16,384: for servers that want one of their packets in each. */
  readonly recordBytes?: number
  /** Proves to the server who the hub is; PEM. */
  readonly client?: { readonly certificate: string; readonly privateKey: Secret; readonly passphrase?: Secret | undefined } | undefined
}

/** A login at an SSH server. `hostKey` is its pinned fingerprint as OpenSSH prints it: `SHA256:…`. */
export interface SshSpec {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly hostKey: string
  readonly auth:
    | { readonly kind: "password"; readonly password: Secret }
    | { readonly kind: "key"; readonly privateKey: Secret; readonly passphrase?: Secret | undefined }
}

/** An SSH connection after its login. `software` is the name that the server reports, such as `OpenSSH_9.2p1`; undefined if it reports none. */
export interface SshConnection {
  readonly client: Client
  readonly software: string | undefined
}

/**
 * A socket that a client library may treat as a fresh `net.Socket`: it dials on `connect(port, host)`. If a `data`
 * listener throws, only this socket ends.
 */
export interface LazySocket extends Duplex {
  connect(port: number, host: string): this
}

/**
 * SOCKS5 on loopback, for client libraries that support nothing else. The name and password are valid for this lease
 * only.
 */
export interface SocksEndpoint {
  readonly host: "127.0.0.1"
  readonly port: number
  readonly username: string
  readonly password: string
}

/**
 * The only door to the network: one per test, query, job or warm connection. Everything that it opens is judged,
 * pinned, timed, and destroyed when `signal` aborts or the lease is closed. Failures are `PlatformError`s.
 */
export interface Lease {
  /** Fires when the deadline passes, the caller leaves, or the lease is closed. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline of the current call, never below 0; one day if there is no deadline. */
  remainingMs(): number
  /** A connected stream. */
  dial(to: Address): Promise<Duplex>
  /** TLS over a stream that is already open (STARTTLS, PostgreSQL's SSLRequest). Records the `tls` stage. */
  secure(over: Duplex, host: string, tls: TlsSpec): Promise<TLSSocket>
  dialTls(to: Address, tls: TlsSpec): Promise<TLSSocket>
  /** Lazy and synchronous, for client libraries that need a socket at once; `open` replaces the plain dial. */
  socket(open?: (to: Address) => Promise<Duplex>): LazySocket
  httpAgent(): HttpAgent
  httpsAgent(tls?: TlsSpec): HttpsAgent
  /** For undici's `request`. Certificates are verified by default. */
  dispatcher(tls?: TlsSpec): Dispatcher
  socks5(): Promise<SocksEndpoint>
  /** Logs in at an SSH server and verifies its host key. Records the `auth` stage; the connection ends with the lease. */
  ssh(to: SshSpec): Promise<SshConnection>
  /** The same lease through an SSH bastion; shares its deadline, stages and sockets. */
  through(bastion: SshSpec): Lease
  /**
   * Registers how to cancel on the server when the deadline passes or the caller leaves: `cancel` gets one short dial
   * of its own (1 s) before every socket is destroyed. The returned function removes the registration.
   */
  beforeCutOff(cancel: (dial: (to: Address) => Promise<Duplex>) => Promise<void>): () => void
  /** Runs `work` as a stage of the test report; time spent in inner stages counts only for them. */
  stage<T>(name: StageName, work: () => Promise<T>): Promise<T>
}
