import { expect, test } from "vitest"
import type { Remedy } from "../../src/core/remedies.ts"
import type { Session } from "../../src/core/session.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { useShop } from "./shop.ts"

const shop = useShop()

const ident = (name: string): string => `\`${name.replaceAll("`", "``")}\``
const statements = (remedies: readonly Remedy[] | undefined): string[] =>
  (remedies ?? []).flatMap(({ kind, sql }) => (kind === "sql" && sql !== undefined ? [sql] : []))

async function mend({ remedies }: { readonly remedies?: readonly Remedy[] }): Promise<string[]> {
  const all = statements(remedies)
  for (const sql of all) await shop.query(sql)
  return all
}

test.each(["plain", "we\"ird'name", "x; DROP TABLE shop.item; --", "a`b.c", "x` TO root; --"])(
  "an account and a table called %j are granted as they are called, and then the query reads",
  async (name) => {
    const account = `${ident(name)}@${ident("127.0.0.%")}`
    await shop.query(`CREATE OR REPLACE USER ${account} IDENTIFIED BY 'low-password'; CREATE OR REPLACE TABLE shop.${ident(name)} (id int PRIMARY KEY)`)
    const query = (session: Session) => collect(session.query(`SELECT * FROM shop.${ident(name)}`))
    const error = await failure(shop.run(query, { user: name }))
    expect([error.code, await mend(error)]).toEqual(["permission_denied", [`GRANT SELECT ON \`shop\`.${ident(name)} TO ${account}`]])
    expect(await shop.run(query, { user: name })).toHaveLength(1)
    expect(await shop.query("SELECT count(*) AS n FROM shop.item")).toMatchObject([{ n: expect.anything() }])
  },
)

test("a table that may be written but not read is skipped with its GRANT, and a database that may not be entered is named", async () => {
  const found = await shop.run((session) => collect(session.discover()))
  const [skipped] = found.flatMap((each) => ("skipped" in each && each.skipped.path[1] === "only_insert" ? [each.skipped] : []))
  expect(await mend(skipped ?? {})).toEqual(["GRANT SELECT ON `shop`.`only_insert` TO `low`@`127.0.0.1`"])
  const locked = await failure(shop.run((session) => session.test(), { database: "locked" }))
  expect([locked.code, statements(locked.remedies)]).toEqual(["permission_denied", ["GRANT SELECT ON `locked`.* TO `low`@`127.0.0.1`"]])
})
