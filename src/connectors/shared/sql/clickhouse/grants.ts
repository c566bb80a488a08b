import { type Grants, grantOf, visibly } from "../grants.ts"
import { clickhouseDialect } from "./dialect.ts"
import type { ClickhouseClient } from "./writer.ts"

const spell = visibly(clickhouseDialect.ident)

/** The rights on a stream that a refused statement needs. ClickHouse's own text names the rights of other statements. */
export const clickhouseGrants: Grants<ClickhouseClient> = {
  account: async ({ wire }, call) => spell(String((await wire.run("SELECT currentUser()", [], call)).rows[0]?.[0] ?? "")),
  lacking: async (client, { path, privileges }, call) =>
    path === undefined ? [] : grantOf(spell, { privileges, path }, await clickhouseGrants.account(client, call)),
}
