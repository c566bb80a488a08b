import type { Call } from "../../../../core/call.ts"
import type { ServerFacts } from "../../../../core/connector.ts"
import { warningsOf } from "../login.ts"
import { probed } from "../wire.ts"
import type { MysqlClient } from "./client.ts"
import { type Grant, grantsOf } from "./grants.ts"

/** Reads the facts of a server. The product is the first of `products` whose pattern matches the server's version or version comment. */
export const mysqlFacts =
  (products: readonly (readonly [RegExp, string])[], otherwise: string) =>
  async (client: MysqlClient, call: Call): Promise<ServerFacts> =>
    await probed(client.wire, call, async () => {
      const { rows } = await client.wire.run("SELECT VERSION(), @@version_comment, DATABASE(), CURRENT_USER()", [], call)
      const [version = "", comment = "", database, user = ""] = (rows[0] ?? []).map((value) => (value === null ? undefined : String(value)))
      const banner = `${version} ${comment}`
      const rights = globalRights(await grantsOf(client, call))
      return {
        product: products.find(([pattern]) => pattern.test(banner))?.[1] ?? otherwise,
        version: /\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? version,
        details: { ...(database === undefined ? {} : { database }), user, encrypted: client.encrypted },
        ...warningsOf(
          client,
          rights.everything && "This user may do everything; give the hub a separate user with only the rights that it needs.",
          rights.files && "This user has the FILE privilege and can read files on the server; revoke it.",
        ),
      }
    })

/** The rights that the user has on everything. */
export function globalRights(grants: readonly Grant[]): { readonly everything: boolean; readonly files: boolean } {
  const rights = grants.filter(({ database }) => database === "*").flatMap((grant) => grant.rights.split(/,\s*/))
  return { everything: rights.includes("ALL PRIVILEGES") || rights.includes("SUPER"), files: rights.includes("FILE") }
}
