import { type Grants, grantOf } from "../grants.ts"
import type { MysqlClient } from "./client.ts"
import { rightIn, spellAccount, spellMysql } from "./rights.ts"

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
