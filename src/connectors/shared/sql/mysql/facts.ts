import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import type { MySql } from "./client.ts"
import { begin, rollback, run } from "./statements.ts"

/** Systems that speak MySQL's protocol and say so in `version()` or its comment. */
const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/TiDB/i, "TiDB"],
  [/SingleStore|MemSQL/i, "SingleStore"],
  [/Percona/i, "Percona Server"],
  [/Aurora/i, "Amazon Aurora MySQL"],
  [/MariaDB/i, "MariaDB"],
]

/** Two stages on a connection that is logged in: a read-only transaction may begin, and the server says what it is. */
export async function facts(client: MySql, call: Call): Promise<ServerFacts> {
  await call.stage("permission", () => begin(client, call, "READ ONLY"))
  return call.stage("probe", () => probe(client))
}

async function probe(client: MySql): Promise<ServerFacts> {
  try {
    const { rows } = await run(client, "SELECT VERSION(), @@version_comment, DATABASE(), CURRENT_USER()")
    const [version = "", comment = "", database, user = ""] = (rows[0] ?? []).map((value) => (value === null ? undefined : String(value)))
    const banner = `${version} ${comment}`
    const rights = grants((await run(client, "SHOW GRANTS")).rows)
    const warnings = [
      ...(rights.everything ? ["This user may do everything; give the hub a user of its own with only the rights it needs."] : []),
      ...(rights.files ? ["This user has FILE, and so reads files of the server's; take it away."] : []),
      ...(client.encrypted || client.tunnelled ? [] : ["The connection is not encrypted; choose TLS `verify` unless the network is trusted."]),
    ]
    return {
      product: PRODUCTS.find(([pattern]) => pattern.test(banner))?.[1] ?? "MySQL",
      version: /\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? version,
      details: { ...(database === undefined ? {} : { database }), user, encrypted: client.encrypted },
      ...(warnings.length === 0 ? {} : { warnings }),
    }
  } finally {
    await rollback(client)
  }
}

/** What the user's global rights are, by `SHOW GRANTS`; passwords' hashes in it go nowhere. */
export function grants(rows: readonly (readonly unknown[])[]): { readonly everything: boolean; readonly files: boolean } {
  const lists = rows.flatMap(([row]) => /^GRANT (.+) ON \*\.\* TO /.exec(String(row))?.[1] ?? []).flatMap((list) => list.split(/,\s*/))
  return { everything: lists.includes("ALL PRIVILEGES") || lists.includes("SUPER"), files: lists.includes("FILE") }
}
