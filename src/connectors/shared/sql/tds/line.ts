import { once } from "node:events"
import type { Connection } from "tedious"
import { PlatformError, platformErrorIn } from "../../../../core/errors.ts"
import type { Secret } from "../../../../core/fields.ts"
import type { Address, Lease } from "../../../../core/lease.ts"
import { exactValues } from "./exact.ts"
import { PACKET_BYTES } from "./packets.ts"
import { openTds, type TdsTls } from "./prelogin.ts"
import { soundLibrary } from "./sound.ts"

type Tedious = typeof import("tedious")

/** How to log in: a user and a password, or an access token of Entra. */
export type TdsProof = { readonly user: string; readonly password: Secret | undefined } | { readonly token: string }

export interface TdsLogin {
  readonly address: Address
  /** Empty: the login's default. */
  readonly database: string
  readonly tls: TdsTls
  /** Asks for a secondary replica (`ApplicationIntent=ReadOnly`). */
  readonly readOnlyIntent: boolean
}

/** A logged-in connection of the client library. */
export interface TdsLine {
  readonly tedious: Tedious
  readonly connection: Connection
  /** The error that ended the connection. */
  broken(): Error | undefined
  /** Resets the count of bytes received without a row. */
  rested(): void
}

/** The server's refusal of a login, which the client library reports without its number. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused"
  readonly number: number
  readonly state: number
  readonly class: number

  constructor(said: { readonly message: string; readonly number: number; readonly state: number; readonly class: number }, options: ErrorOptions) {
    super(said.message, options)
    this.number = said.number
    this.state = said.state
    this.class = said.class
  }
}

/** The library's and the network's errors have codes; one without, or with a code of Node's own checks, is of data that cannot be read. */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof AggregateError) && (!("code" in error) || String(error.code).startsWith("ERR_"))

export function readable(error: unknown): unknown {
  if (!(error instanceof Error) || !isUnreadable(error)) return error
  return platformErrorIn(error) ?? new PlatformError("protocol_invalid", "The server sent data that cannot be read; check host and port.", { cause: error })
}

/** Routes that a login follows; Azure needs one. */
const MOST_ROUTES = 5
/** The most bytes that may arrive before a row is consumed. */
const QUIET_MAX_BYTES = 128 * 1_048_576
/** The library's own limits of time do not count: the lease has a deadline. */
const NEVER_MS = 2_147_483_647

/**
 * Logs in through the lease. The library gets connected streams, also to the servers to which a login is routed, and never looks up a name
 * or an instance, reads a file, or asks for a token.
 */
export async function enterTds(login: TdsLogin, proof: TdsProof, lease: Lease): Promise<TdsLine> {
  const { default: tedious } = await import("tedious")
  await Promise.all([exactValues(), soundLibrary()])
  const { address, database, readOnlyIntent, tls } = login
  let quiet = 0
  let routes = 0
  const see = (chunk: Buffer): void => {
    quiet += chunk.length
    if (quiet > QUIET_MAX_BYTES)
      throw new PlatformError("protocol_invalid", `The server at ${address.host}:${address.port} sends data without end and no row; check host and port.`)
  }
  const connector = async ({ host, port }: Address) => {
    if (routes++ > MOST_ROUTES) throw new PlatformError("protocol_invalid", `${address.host} routes the login on and on; check host and port.`)
    const socket = lease.socket((to) => openTds(to, tls, lease))
    socket.on("data", see)
    socket.connect(port, host)
    await once(socket, "connect")
    return socket
  }
  const connection = new tedious.Connection({
    server: address.host,
    authentication:
      "token" in proof
        ? { type: "azure-active-directory-access-token", options: { token: proof.token } }
        : { type: "default", options: { userName: proof.user, password: proof.password?.reveal() ?? "" } },
    options: {
      port: address.port,
      connector: connector as never,
      ...(database === "" ? {} : { database }),
      encrypt: false,
      readOnlyIntent,
      appName: "jackfield",
      workstationId: "jackfield",
      connectTimeout: NEVER_MS,
      requestTimeout: 0,
      maxRetriesOnTransientErrors: 0,
      packetSize: PACKET_BYTES,
    },
  })
  let broken: Error | undefined
  let said: ConstructorParameters<typeof LoginRefused>[0] | undefined
  connection.on("error", (error) => {
    broken ??= error
  })
  connection.on("errorMessage", (message) => {
    said ??= message as unknown as typeof said
  })
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once("connect", (error?: Error) => (error === undefined ? resolve() : reject(error)))
      connection.connect()
    })
  } catch (cause) {
    connection.close()
    throw said === undefined ? readable(cause) : new LoginRefused(said, { cause })
  }
  return {
    tedious,
    connection,
    broken: () => broken,
    rested: () => {
      quiet = 0
    },
  }
}
