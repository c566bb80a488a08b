import { describe, expect, test } from "vitest"
import type { Column, ColumnType } from "../../../core/values.ts"
import { createTable } from "./ddl.ts"
import { pgDdl } from "./pg/ddl.ts"
import { pgDialect } from "./pg/dialect.ts"
import { widened } from "./shape.ts"
import { spell } from "./types.ts"

const column = (type: ColumnType, more: Partial<Column> = {}): Column => ({ name: "c", type, nativeType: type, nullable: true, ...more })

describe("a column's type is spelled", () => {
  test.each([
    [column("integer", { precision: 16 }), "smallint"],
    [column("integer", { precision: 24 }), "integer"],
    [column("integer"), "bigint"],
    [column("integer", { precision: 65 }), "numeric"],
    [column("float", { precision: 32 }), "real"],
    [column("float"), "double precision"],
    [column("decimal", { precision: 38, scale: 10 }), "numeric(38,10)"],
    [column("decimal", { precision: 2_000, scale: 10 }), "numeric"],
    [column("decimal", { precision: 5, scale: -2 }), "numeric"],
    [column("string", { maxLength: 80 }), "varchar(80)"],
    [column("string"), "text"],
    [column("timestamp", { precision: 3, zoned: false }), "timestamp(3)"],
    [column("timestamp", { precision: 9 }), "timestamp with time zone"],
    [column("time"), "time"],
    [column("time", { precision: 0, zoned: true }), "time(0) with time zone"],
    [column("unknown"), "text"],
  ])("%o as %s", (given, spelled) => expect(spell(pgDdl.types, given)).toBe(spelled))

  test("a table has a key that is never empty", () =>
    expect(createTable(pgDialect, pgDdl, ['s"x', "t"], [column("integer"), { ...column("string"), name: 'd"' }], ["c"])).toBe(
      'CREATE TABLE "s""x"."t" ("c" bigint NOT NULL, "d""" text, PRIMARY KEY ("c"))',
    ))
})

describe("a column that is there", () => {
  const cases: readonly (readonly [Column, Column, Partial<Column> | undefined | RegExp])[] = [
    [column("string", { maxLength: 10 }), column("string", { maxLength: 10 }), undefined],
    [column("string", { maxLength: 10 }), column("string", { maxLength: 11 }), { maxLength: 11 }],
    [column("string", { maxLength: 10 }), column("string"), { type: "string" }],
    [column("string"), column("string", { maxLength: 99 }), undefined],
    [column("string"), column("json"), undefined],
    [column("string", { maxLength: 10 }), column("json"), /no wider type/],
    [column("json"), column("array"), undefined],
    [column("integer", { precision: 32 }), column("integer", { precision: 16 }), undefined],
    [column("integer", { precision: 32 }), column("integer", { precision: 64 }), { precision: 64 }],
    [column("integer", { precision: 32 }), column("decimal", { precision: 12, scale: 2 }), { type: "decimal", precision: 12, scale: 2 }],
    [column("integer", { precision: 32 }), column("decimal", { precision: 4, scale: 2 }), { type: "decimal", precision: 12, scale: 2 }],
    [column("integer", { precision: 64 }), column("decimal", { precision: 18, scale: 0 }), undefined],
    [column("integer", { precision: 64 }), column("decimal", { precision: 19, scale: 0 }), { type: "decimal", precision: 20, scale: 0 }],
    [column("decimal", { precision: 10, scale: 2 }), column("integer", { precision: 16 }), undefined],
    [column("decimal", { precision: 10, scale: 2 }), column("integer", { precision: 32 }), { precision: 12, scale: 2 }],
    [column("decimal", { precision: 10, scale: 2 }), column("decimal", { precision: 10, scale: 4 }), { precision: 12, scale: 4 }],
    [column("decimal", { precision: 10, scale: 2 }), column("decimal"), { type: "decimal" }],
    [column("decimal"), column("decimal", { precision: 99, scale: 9 }), undefined],
    [column("timestamp", { zoned: true }), column("timestamp", { zoned: true, precision: 9 }), undefined],
    [column("timestamp", { zoned: true, precision: 0 }), column("timestamp", { zoned: true, precision: 6 }), { precision: 6 }],
    [column("timestamp", { zoned: true }), column("timestamp", { zoned: false }), /an instant there/],
    [column("timestamp"), column("date"), undefined],
    [column("date"), column("timestamp"), /no wider type/],
    [column("boolean"), column("integer"), /no wider type/],
    [column("float"), column("decimal"), /no wider type/],
  ]
  test.each(cases)("%o for %o", (there, wanted, result) => {
    const found = widened(there, wanted)
    if (result instanceof RegExp) expect(found).toMatch(result)
    else if (result === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(result)
    if (result !== undefined && !(result instanceof RegExp) && result.maxLength === undefined) expect(found).not.toHaveProperty("maxLength")
    if (result !== undefined && !(result instanceof RegExp) && result.precision === undefined) expect(found).not.toHaveProperty("precision")
  })
})
