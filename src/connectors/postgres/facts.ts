import type { QueryArrayResult } from "pg"
import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { begin, type Postgres, rollback } from "./client.ts"

/** Systems that speak PostgreSQL's protocol and say so in `version()`. */
const FORKS: readonly (readonly [RegExp, string])[] = [
  [/CockroachDB/i, "CockroachDB"],
  [/Redshift/i, "Amazon Redshift"],
  [/Greenplum/i, "Greenplum"],
  [/-YB-/i, "YugabyteDB"],
  [/Materialize/i, "Materialize"],
  [/RisingWave/i, "RisingWave"],
  [/EnterpriseDB/i, "EDB Postgres Advanced Server"],
]

const PROBE = `
  SELECT version(), current_setting('server_version'), current_setting('server_version_num')::int, current_database(), current_user,
    pg_is_in_recovery(), current_setting('is_superuser') = 'on'`

/** Two stages on a connection that is logged in: a read-only transaction may begin, and the server says what it is. */
export async function facts(client: Postgres, call: Call): Promise<ServerFacts> {
  await call.stage("permission", () => begin(client, call, "READ ONLY"))
  return call.stage("probe", () => probe(client))
}

type Answer = [string, string, number, string, string, boolean, boolean]

async function probe(client: Postgres): Promise<ServerFacts> {
  // One message, one round trip; when the SELECT fails the server skips the ROLLBACK.
  const sent = client.pg.query({ text: `${PROBE}; ROLLBACK`, rowMode: "array" }) as unknown as Promise<readonly [QueryArrayResult<Answer>, unknown]>
  const [{ rows }] = await sent.catch(async (error: unknown) => {
    await rollback(client)
    throw error
  })
  const [banner = "", setting = "", number = 0, database = "", user = "", inRecovery = false, superuser = false] = rows[0] ?? []
  const product = FORKS.find(([pattern]) => pattern.test(banner))?.[1] ?? "PostgreSQL"
  const warnings = [
    ...(superuser ? ["This role is a superuser; give the hub a role of its own with only the rights it needs."] : []),
    ...(client.encrypted || client.tunnelled ? [] : ["The connection is not encrypted; choose TLS `verify` unless the network is trusted."]),
    ...(product === "PostgreSQL" && number < 120_000 ? ["PostgreSQL before 12 is not supported: discovery will fail."] : []),
  ]
  return {
    product,
    version: versionOf(product, banner, setting),
    details: { database, user, inRecovery, encrypted: client.encrypted },
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

/** PostgreSQL's own number (`15.18`, without what a packager adds); a fork's is in its banner. */
function versionOf(product: string, banner: string, setting: string): string {
  const own = product === "PostgreSQL" ? undefined : /(?:CockroachDB \S+ v|Redshift |Greenplum Database |-YB-)([\d.]+)/i.exec(banner)?.[1]
  return own ?? setting.split(" ", 1)[0] ?? setting
}
