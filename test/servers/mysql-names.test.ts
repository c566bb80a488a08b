import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Stream } from "../../src/core/streams.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { oddMariadb } from "./mariadb.ts"
import { LOW, type Shop, stream, useShop } from "./shop.ts"

const found = async (shop: Shop, more: object = {}) => {
  const all = await shop.run((session) => collect(session.discover()), more)
  return {
    streams: all.flatMap((each) => ("stream" in each ? [each.stream] : [])),
    skipped: all.flatMap((each) => ("skipped" in each ? [each.skipped] : [])),
    total: all.flatMap((each) => ("counted" in each ? [each.counted.total] : []))[0],
  }
}
const namesIn = ({ columns }: Pick<Stream, "columns">) => columns.map(({ name }) => name).join()

describe("on a server that tells names apart by case", () => {
  const shop = useShop()

  test("names that differ by case or accents are streams of their own, with their own columns, keys and rows", async () => {
    await shop.query(`DROP DATABASE IF EXISTS Shop; DROP DATABASE IF EXISTS MYSQL; CREATE DATABASE Shop; CREATE DATABASE MYSQL;
      CREATE TABLE shop.names (id int PRIMARY KEY, a text, b text); INSERT INTO shop.names VALUES (1, 'a', 'b');
      CREATE TABLE shop.Names (k int PRIMARY KEY, x text, y text); INSERT INTO shop.Names VALUES (2, 'x', 'y');
      CREATE TABLE shop.námes (z int, e int, é int, PRIMARY KEY (e, é)); INSERT INTO shop.námes VALUES (3, 4, 5);
      CREATE TABLE Shop.names (q int); INSERT INTO Shop.names VALUES (6);
      CREATE TABLE MYSQL.mine (id int);
      GRANT ALL ON shop.* TO ${LOW}; GRANT ALL ON Shop.* TO ${LOW}; GRANT ALL ON MYSQL.* TO ${LOW}`)
    try {
      const { streams, skipped, total } = await found(shop)
      expect(total).toBe(streams.length + skipped.length)
      const described = streams.filter(({ path }) => /^(n.mes|mine)$/i.test(path[1] ?? "")).map((each) => [each.path.join("/"), namesIn(each), each.key.join()])
      expect(described.sort()).toEqual([
        ["MYSQL/mine", "id", ""],
        ["Shop/names", "q", ""],
        ["shop/Names", "k,x,y", "k"],
        ["shop/names", "id,a,b", "id"],
        ["shop/námes", "z,e,é", "e,é"],
      ])
      await shop.run(async (session) => {
        expect(await valuesOf(session.read(stream("shop", "names")))).toEqual([[1, "a", "b"]])
        expect(await valuesOf(session.read(stream("shop", "Names")))).toEqual([[2, "x", "y"]])
        expect(await valuesOf(session.read(stream("shop", "námes")))).toEqual([[3, 4, 5]])
        expect(await valuesOf(session.read(stream("Shop", "names")))).toEqual([[6]])
        const rows = { columns: [column("k", "integer", "int"), column("x", "string", "text")], rows: [[7, "new"]] }
        expect((await session.write(stream("shop", "Names"), rows, { mode: "upsert" })).written).toBe(1)
        expect((await session.write({ ...stream("shop", "Names"), key: ["k"] }, rows, { mode: "upsert" })).written).toBe(1)
      })
      expect((await found(shop, { database: "Shop" })).streams.map(namesIn)).toEqual(["q"])
    } finally {
      await shop.query(`REVOKE ALL ON shop.* FROM ${LOW}; DROP DATABASE Shop; DROP DATABASE MYSQL`)
    }
  })

  test.each([[["shop", "ITEM"]], [["SHOP", "item"]], [["shop", "ítem"]], [["shop", "item "]], [["shop", "😀"]]])("%j is no name of a table", async (path) =>
    expect((await failure(shop.run((session) => collect(session.read(stream(...path)))))).code).toBe("stream_not_found"),
  )

  test("an index with a name like PRIMARY is not the key", async () => {
    await shop.query(`CREATE TABLE shop.indexed (id int PRIMARY KEY, v int, KEY prímary (v)); GRANT ALL ON shop.indexed TO ${LOW}`)
    expect((await found(shop)).streams.find(({ path }) => path[1] === "indexed")?.key).toEqual(["id"])
  })
})

describe("on a server that folds names, and forces its own character set on each login", () => {
  const shop = useShop(oddMariadb)

  test("names are found in any case, and accents still tell them apart", async () => {
    await shop.query(`SET NAMES utf8mb4; CREATE TABLE shop.ítem (z int PRIMARY KEY, v text CHARACTER SET utf8mb4); GRANT ALL ON shop.ítem TO ${LOW}`)
    const { streams, total } = await found(shop, { database: "Shop" })
    expect([streams.filter(({ path }) => /^.tem$/.test(path[1] ?? "")).map((each) => [each.path.join("/"), namesIn(each)]), total]).toEqual([
      [
        ["shop/item", "id,name,stock,maker,code"],
        ["shop/ítem", "z,v"],
      ],
      8,
    ])
    await shop.run(async (session) => {
      const rows = { columns: [column("z", "integer", "int"), column("v", "string", "text")], rows: [[1, "日本"]] }
      expect((await session.write(stream("SHOP", "Ítem"), rows, { mode: "upsert" })).written).toBe(1)
      expect(await valuesOf(session.read(stream("shop", "ÍTEM")))).toEqual([[1, "日本"]])
      expect(await valuesOf(session.query("SELECT HEX(v) FROM shop.ítem WHERE v = ?", ["日本"]))).toEqual([["E697A5E69CAC"]])
    })
  })
})

describe("what may be read", () => {
  const shop = useShop()
  const comments = async () => new Map((await found(shop)).streams.map(({ path, comment }) => [path[1], comment]))
  const PARTLY = "The user may read only these columns of it."

  test("columns that a role, a role of a role or PUBLIC may read are named as some of the table's", async () => {
    await shop.query(`CREATE TABLE shop.by_role (id int PRIMARY KEY, open int, closed int); CREATE TABLE shop.by_public LIKE shop.by_role;
      CREATE TABLE shop.whole LIKE shop.by_role; CREATE TABLE shop.each_one LIKE shop.by_role;
      CREATE OR REPLACE ROLE inner_reader; CREATE OR REPLACE ROLE reader; GRANT inner_reader TO reader; GRANT reader TO ${LOW}; SET DEFAULT ROLE reader FOR ${LOW};
      GRANT SELECT (id, open) ON shop.by_role TO inner_reader; GRANT SELECT (id, open) ON shop.by_public TO PUBLIC; GRANT SELECT ON shop.whole TO reader;
      GRANT SELECT (id) ON shop.whole TO ${LOW}; GRANT SELECT (id, open, closed) ON shop.each_one TO reader`)
    try {
      const said = await comments()
      expect(["by_role", "by_public", "whole", "each_one", "item"].map((name) => said.get(name))).toEqual([PARTLY, PARTLY, undefined, PARTLY, "What we sell"])
    } finally {
      await shop.query(`DROP ROLE inner_reader; DROP ROLE reader; REVOKE SELECT (id, open) ON shop.by_public FROM PUBLIC`)
    }
  })

  test("another user's rights on columns are not taken for this one's", async () => {
    await shop.query(`GRANT SELECT (id, name, stock, maker, code) ON shop.item TO ${LOW}`)
    const { streams } = await found(shop, { user: shop.user, password: shop.password })
    expect(streams.find(({ path }) => path[1] === "item")?.comment).toBe("What we sell")
  })

  test("rights on databases are patterns, and hold for their tables alone", async () => {
    await shop.query(`CREATE DATABASE \`el_where\`; CREATE TABLE \`el_where\`.t (id int PRIMARY KEY, v int);
      GRANT SELECT (id, v) ON \`el_where\`.t TO ${LOW}; GRANT SELECT ON \`el\\_wher_\`.* TO ${LOW}; GRANT SELECT (id, open, closed) ON shop.partly TO ${LOW}`)
    try {
      const said = await comments()
      expect([said.get("t"), said.get("partly")]).toEqual([undefined, PARTLY])
    } finally {
      await shop.query(`REVOKE SELECT ON \`el\\_wher_\`.* FROM ${LOW}; DROP DATABASE \`el_where\``)
    }
  })

  test("a GRANT names the account, which may have quotes, and can be run as it is", async () => {
    const account = "`o'br\"i``en\\`@`127.0.0.1`"
    await shop.query(
      `CREATE OR REPLACE USER ${account} IDENTIFIED BY 'x'; CREATE TABLE shop.\`odd\`\`name\` (id int); GRANT INSERT ON shop.\`odd\`\`name\` TO ${account}`,
    )
    try {
      const { skipped } = await found(shop, { user: "o'br\"i`en\\", password: "x" })
      const [grant = ""] = /GRANT .*(?=\.$)/.exec(skipped[0]?.reason ?? "") ?? []
      expect(grant).toBe(`GRANT SELECT ON \`shop\`.\`odd\`\`name\` TO \`o'br"i\`\`en\\\`@\`127.0.0.1\``)
      await shop.query(grant)
      expect((await found(shop, { user: "o'br\"i`en\\", password: "x" })).skipped).toEqual([])
    } finally {
      await shop.query(`DROP USER ${account}`)
    }
  })

  test("a damaged table is named as damaged, and so is one whose data is gone", async () => {
    await shop.query(`CREATE TABLE shop.torn (id int PRIMARY KEY); CREATE TABLE shop.lost (id int PRIMARY KEY) ENGINE = MyISAM;
      GRANT ALL ON shop.torn TO ${LOW}; GRANT ALL ON shop.lost TO ${LOW}; FLUSH TABLES`)
    const folder = join(String((await shop.query("SELECT @@datadir AS d"))[0]?.["d"]), "shop")
    writeFileSync(join(folder, "torn.frm"), "garbage")
    rmSync(join(folder, "lost.MYI"))
    const { streams, skipped, total } = await found(shop)
    expect(total).toBe(streams.length + skipped.length)
    const reasons = new Map(skipped.map(({ path, reason }) => [path[1], reason]))
    expect(reasons.get("torn")).toMatch(/damaged \(Incorrect information in file.*\); repair or restore it\.$/)
    expect(reasons.get("lost")).toMatch(/damaged \(Can't find file.*\); repair or restore it\.$/)
    const { code, message } = await failure(shop.run((session) => collect(session.read(stream("shop", "torn")))))
    expect([code, message]).toEqual(["remote_failed", expect.stringContaining("damaged")])
    rmSync(join(folder, "torn.frm"))
  })
})
