import type { Secret } from "../../../core/fields.ts"
import { type Config, type Field, host, optional, port, secret } from "../../../core/fields.ts"
import type { Address, Lease, TlsSpec } from "../../../core/lease.ts"
import { throughTunnel, tunnelField } from "../ssh.ts"
import { tlsField, tlsSpec } from "../tls.ts"

/** How to log in to a database server. */
export interface Login {
  readonly address: Address
  readonly user: string
  /** Empty: none is chosen, or the server's own rule. */
  readonly database: string
  readonly password: Secret | undefined
  /** Undefined: TLS is off. */
  readonly tls: TlsSpec | undefined
  readonly tunnelled: boolean
}

/** The fields of a database server that is reached by host and port, in the order of its form. */
export const serverFields = (standardPort: number, database: Field<string>, user: Field<string>) => ({
  host: host("Host", { example: "db.example.com" }),
  port: port("Port", { default: standardPort }),
  database,
  user,
  password: optional(secret("Password")),
  tls: tlsField,
  tunnel: tunnelField,
})

export type ServerConfig = Config<ReturnType<typeof serverFields>>

/** What a config says of the login, and the lease that leads to the server, through the bastion where there is one. */
export const loginOf = ({ host, port, user, database, password, tls, tunnel }: ServerConfig, lease: Lease): { login: Login; lease: Lease } => ({
  login: { address: { host, port }, user, database, password, tls: tlsSpec(tls), tunnelled: tunnel.kind === "ssh" },
  lease: throughTunnel(lease, tunnel),
})

/** A connection as facts and warnings need to know it. */
export interface Encryption {
  readonly encrypted: boolean
  readonly tunnelled: boolean
}

/** Warnings of a test: those that apply. */
export const warningsOf = ({ encrypted, tunnelled }: Encryption, ...own: readonly (string | false)[]): { warnings?: readonly string[] } => {
  const plain = !encrypted && !tunnelled && "The connection is not encrypted; choose TLS `verify` unless the network is trusted."
  const warnings = [...own, plain].filter((warning) => warning !== false)
  return warnings.length === 0 ? {} : { warnings }
}
