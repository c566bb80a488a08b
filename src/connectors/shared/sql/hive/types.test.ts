import { expect, test } from "vitest"
import { spliced } from "../trino/literals.ts"
import { fromHive } from "./types.ts"

test.each([
  ["string", "varchar"],
  ["decimal(38, 10)", "decimal(38,10)"],
  ["array<map<string,int>>", "array(map(varchar,integer))"],
  ["struct<a:int,b:array<decimal(10,2)>>", `row("a" integer,"b" array(decimal(10,2)))`],
  ["timestamptz", "timestamp with time zone"],
  ["uniontype<int,string>", undefined],
  ["array<uniontype<int,string>>", undefined],
  ["map<int>", undefined],
  [`${"array<".repeat(10_000)}int${">".repeat(10_000)}`, undefined],
])("the type %.40s", (hive, expected) => expect(fromHive(hive)).toBe(expected))

test.each([
  ["SELECT ?, '?', \"?\" -- ?\n/* ? */ FROM t WHERE a = ?", ["it's", null], "SELECT 'it''s', '?', \"?\" -- ?\n/* ? */ FROM t WHERE a = NULL"],
  ["SELECT ?", ["'; DROP TABLE t --"], "SELECT '''; DROP TABLE t --'"],
  ["SELECT ?, ?", ["?", "$&"], "SELECT '?', '$&'"],
])("%s with constants", (sql, params, expected) => expect(spliced(sql, params)).toBe(expected))
