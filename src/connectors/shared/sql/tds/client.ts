import { once } from "node:events"
import type { Call } from "../../../../core/call.ts"
import type { PlatformError } from "../../../../core/errors.ts"
import type { Lease } from "../../../../core/lease.ts"
import { kept } from "../../kept.ts"
import { explainBy } from "../errors.ts"
import type { Encryption } from "../login.ts"
import type { SqlConnection } from "../wire.ts"
import { tdsErrors } from "./errors.ts"
import { enterTds, type TdsLine, type TdsLogin, type TdsProof } from "./line.ts"
import { run, type TdsBound } from "./requests.ts"
import { type TdsSession, tdsWire } from "./wire.ts"

/** A connection to SQL Server, or to a service of Azure that speaks its protocol. */
export interface TdsClient extends SqlConnection<TdsBound>, Encryption, TdsSession {
  /** Cleans the session: settings, temporary tables, transactions (MS-TDS, RESETCONNECTION). */
  reset(call: Call): Promise<void>
}

/** What proves a login, and another proof after a refusal of the first one. */
export interface Proofs {
  first(call: Call): Promise<TdsProof>
  again?(call: Call): Promise<TdsProof | undefined>
}

/** By name: the services of Azure number databases otherwise in their catalogs (docs, DB_ID). */
const ALLOWED = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"

/** Logs in at once with a proof that is given, or with the first call, of which the proof is asked. */
export async function connectTds(login: TdsLogin, proof: TdsProof | Proofs, tunnelled: boolean, lease: Lease): Promise<TdsClient> {
  let current: TdsLine | undefined
  let release = (): void => undefined
  const enter = async (by: TdsProof): Promise<TdsLine> => {
    const line = await enterBy(login, by, lease)
    current = line
    release = lease.beforeCutOff(async () => {
      // The request completes when the server has acknowledged; the connection ends with the lease.
      if (line.connection.cancel()) await once(line.connection, "end")
    })
    return line
  }
  const line = kept(async (call: Call) => {
    if (!("first" in proof)) return await enter(proof)
    try {
      return await enter(await proof.first(call))
    } catch (error) {
      const other = explainBy(tdsErrors)(error)?.code === "auth_failed" ? await proof.again?.(call) : undefined
      if (other === undefined) throw error
      return await enter(other)
    }
  })
  if (!("first" in proof)) await enter(proof)
  const session: TdsSession = {
    line: async (call) => current ?? (await line(call)),
    current: () => current,
    snapshots: kept(async (call: Call) => {
      const { rows } = await run(await session.line(call), ALLOWED, [])
      return rows[0]?.[0] === 1
    }),
    close: () => {
      release()
      current?.connection.close()
    },
  }
  const reset = async (call: Call): Promise<void> => {
    const { connection } = await session.line(call)
    await new Promise<void>((resolve, reject) => {
      connection.reset((error) => (error === null || error === undefined ? resolve() : reject(error)))
    })
  }
  return { ...session, wire: tdsWire(session), encrypted: login.tls.spec !== undefined, tunnelled, reset }
}

/** The server checks the login first, and then whether the database exists and may be entered: that is the permission stage. */
async function enterBy(login: TdsLogin, proof: TdsProof, lease: Lease): Promise<TdsLine> {
  let refused: PlatformError | undefined
  const line = await lease.stage("auth", async () => {
    try {
      return await enterTds(login, proof, lease)
    } catch (error) {
      const known = explainBy(tdsErrors)(error)
      if (known?.code !== "permission_denied" && known?.code !== "database_not_found") throw known ?? error
      refused = known
      return undefined
    }
  })
  return line ?? (await lease.stage("permission", () => Promise.reject(refused as PlatformError)))
}
