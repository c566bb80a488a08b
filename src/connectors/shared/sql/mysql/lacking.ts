import type { Call } from "../../../../core/call.ts"
import { qualified } from "../dialect.ts"
import { type Grants, grantOf } from "../grants.ts"
import type { WriteRights } from "../writer.ts"
import type { MysqlClient } from "./client.ts"
import { mysqlDialect } from "./dialect.ts"
import { grantsOf, has } from "./grants.ts"
import { rightIn, spellAccount, spellMysql } from "./rights.ts"

/** The rights on its target that a write lacks, by SHOW GRANTS. A right on the columns of the batch is enough. */
export async function lackingMysql(client: MysqlClient, { path, columns, rights }: WriteRights, call: Call): Promise<readonly string[]> {
  const grants = await grantsOf(client, call)
  const lacking = rights.filter((right) => !has(grants, path, right, right === "DELETE" ? [] : columns))
  return lacking.length === 0 ? [] : [`${lacking.join(", ")} ON ${qualified(mysqlDialect, path)}`]
}

/** The rights that a user lacks, as far as an English server names them. */
export const mysqlGrants: Grants<MysqlClient> = {
  account: async ({ wire }, call) => spellAccount(String((await wire.run("SELECT CURRENT_USER()", [], call)).rows[0]?.[0])),

  async lacking(client, { said, path, privileges, statement }, call) {
    const right = rightIn(said.text, path, privileges, statement, client.database)
    if (right === undefined) return []
    const { rows } = await client.wire.run("SELECT CURRENT_USER()", [], call)
    return grantOf(spellMysql, right, spellAccount(String(rows[0]?.[0])))
  },
}
