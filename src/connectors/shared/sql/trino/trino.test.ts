import { describe, expect, test } from "vitest"
import { ExactNumber } from "../../../../core/values.ts"
import { withoutEnd } from "../lexis.ts"
import { writeFault } from "../reading.ts"
import { reading } from "./dialect.ts"
import { bind, parameter, textFor } from "./literals.ts"
import { isoTime } from "./times.ts"
import { trinoUrl } from "./url.ts"
import { typed } from "./values.ts"

describe("a time", () => {
  test.each([
    ["2024-03-31 01:30:00.000 UTC", "2024-03-31T01:30:00Z"],
    ["2024-03-31 01:30:00.120", "2024-03-31T01:30:00.12"],
    ["2024-03-31 01:30:00 +05:30", "2024-03-31T01:30:00+05:30"],
    ["2024-01-01 00:00:00.000 America/New_York", "2024-01-01T00:00:00-05:00"],
    // An hour that comes twice is the first one.
    ["2024-11-03 01:30:00.000 America/New_York", "2024-11-03T01:30:00-04:00"],
    ["2024-03-10 03:00:00.000 America/New_York", "2024-03-10T03:00:00-04:00"],
    ["2024-06-01 00:00:00.000 Europe/London", "2024-06-01T00:00:00+01:00"],
    ["2024-01-01 00:00:00.000 Europe/London", "2024-01-01T00:00:00Z"],
    ["1890-01-01 00:00:00.25 Europe/Berlin", "1889-12-31T23:06:32.25Z"],
    ["+12345-01-01 00:00:00 UTC", "+12345-01-01T00:00:00Z"],
    ["+12345-01-01 00:00:00 Europe/Berlin", "+12345-01-01 00:00:00 Europe/Berlin"],
    ["soon", "soon"],
  ])("%s is %s", (text, iso) => expect(isoTime(text)).toBe(iso))

  test.each([
    ["2024-03-31T01:30:00.5+02:00", true, "2024-03-31 01:30:00.5 +02:00"],
    ["2024-03-31T01:30:00Z", true, "2024-03-31 01:30:00 UTC"],
    ["2024-03-31T01:30:00", true, "2024-03-31 01:30:00 UTC"],
    ["2024-03-31T01:30:00.5+02:00", false, "2024-03-30 23:30:00.5"],
    ["2024-03-31", false, "2024-03-31 00:00:00"],
    ["soon", true, "soon"],
  ])("%s goes into a column, zoned: %s, as %s", (text, zoned, given) =>
    expect(textFor(text, { name: "t", type: "timestamp", nativeType: "timestamp(6)", nullable: true, zoned })).toBe(given),
  )
})

test.each([
  ["decimal(38,10)", { type: "decimal", precision: 38, scale: 10 }],
  ["timestamp(6) with time zone", { type: "timestamp", precision: 6, zoned: true }],
  ["varchar(10)", { type: "string", maxLength: 10 }],
  ["INTERVAL DAY TO SECOND", { type: "string" }],
  ["array(array(row(a bigint)))", { type: "array", elements: "json" }],
  ["map(varchar, bigint)", { type: "json" }],
  ["HyperLogLog", { type: "unknown" }],
])("the type %s", (native, expected) => expect(typed(native)).toEqual({ nativeType: native, ...expected }))

test("parameters are literals, whatever they hold", () => {
  const params = ["it's", null, true, 1, 0.5, new ExactNumber("12345678901234567891"), "\\", { a: 1 }].map(parameter)
  expect(bind("SELECT '?', ?", params)).toBe(
    `EXECUTE IMMEDIATE 'SELECT ''?'', ?' USING 'it''s', NULL, true, 1, DOUBLE '0.5', DECIMAL '12345678901234567891', '\\', '{"a":1}'`,
  )
  expect(bind("SELECT '", [])).toBe("SELECT '")
})

test.each([
  ["SELECT 1;", "SELECT 1"],
  ["SELECT 1 ;; -- done;\n ;", "SELECT 1"],
  ["SELECT ';' /* ; */", "SELECT ';'"],
  ["SELECT ';", "SELECT ';"],
  ["SELECT 1 -- x\n, 2", "SELECT 1 -- x\n, 2"],
  [" ; ", ""],
])("%j without its end is %j", (statement, expected) => expect(withoutEnd(statement, reading.lexis)).toBe(expected))

test.each([
  ["SELECT 1", true],
  ["with x as (select 1) select * from x", true],
  ["EXPLAIN SELECT 1", true],
  ["EXPLAIN ANALYZE SELECT 1", false],
  ["explain/**/analyze insert into t select 1", false],
  ["EXPLAIN (TYPE IO) INSERT INTO t SELECT 1", true],
  ["SELECT 'TABLE(query(' FROM t", true],
  ["SELECT * FROM TABLE(pg.system.query(query => 'x'))", false],
  [`SELECT * FROM TABLE("p""g"."system" . "raw_query"(query => 'x'))`, false],
  ["SELECT * FROM TABLE(/* */pg.system.procedure(query => 'x'))", false],
  ["SELECT query FROM system.runtime.queries", true],
  ["INSERT INTO t SELECT 1", false],
  ["SELECT 1; DROP TABLE t", false],
  ["EXECUTE IMMEDIATE 'DROP TABLE t'", false],
])("%s reads: %s", (statement, reads) => expect(writeFault(statement, reading) === undefined).toBe(reads))

describe("a URL", () => {
  const read = (text: string) => trinoUrl.read(new URL(text))

  test.each([
    ["trino://db.example.com", { host: "db.example.com", tls: { kind: "verify" } }, undefined],
    [
      "trino://ann:p%40ss@[::1]:8443/la%2Fke/sales?SSLVerification=NONE",
      { host: "::1", port: 8443, catalog: "la/ke", schema: "sales", auth: { kind: "basic", username: "ann", password: "p@ss" }, tls: { kind: "require" } },
      undefined,
    ],
    [
      "trino://ann@db:443/lake",
      { host: "db", port: 443, catalog: "lake", auth: { kind: "basic", username: "ann" }, tls: { kind: "verify" } },
      "/auth/password",
    ],
    ["trino://ann@db:8080?SSL=false", { host: "db", port: 8080, user: "ann", auth: { kind: "none" }, tls: { kind: "off" } }, undefined],
  ])("%s", (text, config, lacks) => expect(read(text)).toEqual({ config, ...(lacks === undefined ? {} : { lacks }) }))

  test("names a CA's file", () => expect(read("trino://db?SSLTrustStorePath=/etc/ca.pem")).toMatchObject({ caFile: "/etc/ca.pem" }))

  test.each(["trino://db/a/b/c", "trino://db?source=x", "trino://db?SSL=maybe", "trino://db?SSL=true&SSL=false", "trino://db#x", "trino://a%zz@db"])(
    "%s has a fault",
    (text) => expect(read(text)).toMatchObject({ fault: expect.any(String), next: expect.stringMatching(/\.$/) }),
  )
})
