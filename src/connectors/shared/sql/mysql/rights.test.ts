import { describe, expect, test } from "vitest"
import { grantOf } from "../grants.ts"
import { databaseRight, rightIn, spellAccount, spellMysql } from "./rights.ts"

const DENIED = "SELECT command denied to user 'low'@'10.0.0.1' for table "

/** The GRANT for what the server said of a statement, to an account of the server. */
const granted = (said: string, statement = "", chosen = "", path?: readonly string[], needed: readonly string[] = ["SELECT"], account = "low@%") => {
  const right = rightIn(said, path, needed, statement, chosen)
  return right === undefined ? [] : grantOf(spellMysql, right, spellAccount(account)).map(({ sql }) => sql)
}

test.each([
  [`${DENIED}\`shop\`.\`item\``, "GRANT SELECT ON `shop`.`item` TO `low`@`%`"],
  ["SELECT command denied to user 'low'@'%' for column 'x' in table 'item'", "GRANT SELECT (`x`) ON `shop`.`item` TO `low`@`%`"],
  ["execute command denied to user 'low'@'%' for routine 'shop.f'", "GRANT EXECUTE ON FUNCTION `shop`.`f` TO `low`@`%`"],
  ["Access denied for user 'low'@'%' to database 'shop'", "GRANT SELECT ON `shop`.* TO `low`@`%`"],
])("%j names its GRANT, to the account and not to the client's host", (said, sql) => expect(granted(said, "SELECT * FROM item", "shop")).toEqual([sql]))

describe("a table that the server names without its database", () => {
  test.each([
    ["SELECT * FROM item", "shop", ["shop"]],
    ["SELECT * FROM other.item", "shop", ["other"]],
    ["SELECT * FROM `other` . `item` i", "shop", ["other"]],
    ["SELECT * FROM `we``ird.x`.item", "", ["we`ird.x"]],
    ["SELECT * FROM other.item, item", "shop", []],
    ["SELECT * FROM one.item JOIN two.item", "", []],
    ["SELECT * FROM item", "", []],
    ["SELECT * FROM other.items", "shop", []],
  ])("in %j with the database %j is of %j", (statement, chosen, databases) => {
    expect(granted(`${DENIED}'item'`, statement, chosen)).toEqual(
      databases.map((database) => `GRANT SELECT ON \`${database.replaceAll("`", "``")}\`.\`item\` TO \`low\`@\`%\``),
    )
  })
})

test("a write is granted all that it needs, on the stream that it names", () => {
  const said = "INSERT, UPDATE command denied to user 'low'@'%' for table 'item'"
  expect(granted(said, "", "", ["shop", "item"], ["SELECT", "INSERT", "UPDATE"])).toEqual(["GRANT SELECT, INSERT, UPDATE ON `shop`.`item` TO `low`@`%`"])
})

test("hostile names stay names, and those that cannot be spelled make no statement", () => {
  expect(granted(`${DENIED}\`shop\`.\`x; DROP TABLE y; -- \``, "", "", undefined, ["SELECT"], "we'i`rd@10.0.0.%")).toEqual([
    "GRANT SELECT ON `shop`.`x; DROP TABLE y; -- ` TO `we'i``rd`@`10.0.0.%`",
  ])
  for (const name of ["two\nlines", "bell\u0007", "abc\u202egpj", "zero\u200bwidth"]) expect(granted(`${DENIED}\`shop\`.\`${name}\``)).toEqual([])
  expect(granted(`${DENIED}\`shop\`.\`item\``, "", "", undefined, ["SELECT"], "@localhost")).toEqual([])
  expect(granted("SHUTDOWN, SELECT command denied to user 'low'@'%' for table `shop`.`item`")).toEqual(["GRANT SELECT ON `shop`.`item` TO `low`@`%`"])
})

test("a database whose name GRANT would take for a pattern is left to a person", () => {
  expect(databaseRight(new Error("Access denied for user 'a@b'@'%' to database 'shop'")).map(({ sql }) => sql)).toEqual([
    "GRANT SELECT ON `shop`.* TO `a@b`@`%`",
  ])
  for (const name of ["my_shop", "100%"]) expect(databaseRight(new Error(`Access denied for user 'low'@'%' to database '${name}'`))).toEqual([])
  expect(databaseRight(new Error("accès interdit"))).toEqual([])
})
