import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { type Config, flag, optional, port, secret, text, variant } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { cloudField, entraAuth, entraFields } from "../shared/azure/entra.ts"
import { tokenFault } from "../shared/http/header-rules.ts"
import { requestTo } from "../shared/http/requests.ts"
import { connectTds, type Proofs, type TdsClient } from "../shared/sql/tds/client.ts"
import { throughTunnel, tunnelField } from "../shared/ssh.ts"
import { tlsField, tlsSpec } from "../shared/tls.ts"

/** What tokens are for, in each cloud. */
const SCOPES = {
  public: "https://database.windows.net/.default",
  government: "https://database.usgovcloudapi.net/.default",
  china: "https://database.chinacloudapi.cn/.default",
} as const

/** Names of instances are looked up by UDP, past every rule of the hub. */
const serverFault = (server: string): string | undefined =>
  server.includes("\\")
    ? "must be the host alone. An instance is reached by its port, which SQL Server Configuration Manager shows under the instance's TCP/IP addresses; put that into the port."
    : server.includes(",")
      ? "must be the host alone; put the number behind the comma into the port."
      : undefined

export const fields = {
  host: text("Server", {
    format: "host",
    maxLength: 253,
    aims: true,
    // The rest is refused by a message of its own.
    formatted: (server) => server.split(/[\\,]/, 1)[0] ?? "",
    check: serverFault,
    example: "sql.example.com",
  }),
  port: port("Port", { default: 1433 }),
  database: text("Database", { default: "", maxLength: 128, help: "Empty: the login's default.", example: "shop" }),
  auth: variant("Login", {
    password: {
      title: "User and password",
      fields: {
        user: text("User", {
          login: true,
          maxLength: 128,
          example: "jackfield",
          help: "We recommend a separate login with SELECT on the tables that the hub reads.",
        }),
        password: optional(secret("Password", { maxLength: 128 })),
      },
    },
    entra: {
      title: "Microsoft Entra service principal",
      fields: {
        ...entraFields,
        cloud: cloudField,
      },
    },
    token: {
      title: "Microsoft Entra access token",
      fields: { token: secret("Access token", { check: tokenFault, help: "It is not renewed: when it expires, enter a new one." }) },
    },
  }),
  tls: tlsField,
  strict: flag("Encrypt from the first byte", {
    help: "TDS 8.0, for servers whose network settings say Force Strict Encryption (SQL Server 2022 and newer, Azure SQL).",
  }),
  readOnlyIntent: flag("Read from a secondary replica", {
    help: "Asks the listener of an availability group for a readable replica (ApplicationIntent=ReadOnly).",
  }),
  tunnel: tunnelField,
}

/** Tokens of a service principal (docs, OAuth 2.0 client credentials flow), asked for by the call that first needs one. */
function tokensOf(login: Extract<Config<typeof fields>["auth"], { kind: "entra" }>): Proofs {
  const scope = SCOPES[login.cloud]
  const auth = entraAuth(login, login.cloud, scope)
  // The token is the one that a request to the database's own address would carry.
  const request = requestTo(new URL(scope), {})
  const proof = ({ headers }: typeof request) => ({ token: (headers["authorization"] ?? "").replace(/^Bearer /, "") })
  let signed = request
  return {
    first: async (call: Call) => {
      signed = await auth.sign(request, call)
      return proof(signed)
    },
    again: async (call: Call) => {
      const other = await auth.renew?.(signed, call)
      return other === undefined ? undefined : proof(other)
    },
  }
}

const STRICT = "Encryption from the first byte needs TLS: choose TLS `verify` or `require`, or switch this off."

/** Logs in, with a service principal at the first call. */
export async function connectMssql(config: Config<typeof fields>, lease: Lease): Promise<TdsClient> {
  const { host, port, database, auth, tls, strict, readOnlyIntent, tunnel } = config
  if (strict && tls.kind === "off") throw new PlatformError("config_invalid", STRICT, { faults: [{ pointer: "/strict", message: STRICT }] })
  const login = { address: { host, port }, database, tls: { spec: tlsSpec(tls), strict }, readOnlyIntent }
  const proof = auth.kind === "entra" ? tokensOf(auth) : auth.kind === "token" ? { token: auth.token.reveal() } : auth
  return await connectTds(login, proof, tunnel.kind === "ssh", throughTunnel(lease, tunnel))
}
