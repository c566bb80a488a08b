import { describe, expect, test } from "vitest"
import type { ColumnType, Value } from "../../core/values.ts"
import { qualified } from "../shared/sql/dialect.ts"
import { writeFault } from "../shared/sql/reading.ts"
import { Unfit } from "../shared/unfit.ts"
import { dialect, fromText, reading } from "./dialect.ts"

describe("statements that only read are taken", () => {
  test.each([
    "SELECT 1",
    "select * from t; ",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "  /* why; */ -- and ; how\n (SELECT 1)",
    "// hello\nSELECT 1",
    "VALUES (1)",
    "SHOW TABLES",
    "DESC TABLE t",
    "describe view v",
    "EXPLAIN DELETE FROM t",
    "SELECT ';', '->>', 'CALL x', \"a;b\", $$ ; CALL p() $$",
    "SELECT 'it''s; \\'; DELETE FROM t'",
    "SHOW TABLES ->> SELECT * FROM $1",
    "SELECT SYSTEM$WAIT(1), system$typeof(x)",
    'SELECT "CALL x" FROM t',
  ])("%s", (statement) => expect(writeFault(statement, reading)).toBeUndefined())
})

describe("others are not", () => {
  test.each([
    ["", /empty/],
    ["-- only a comment", /empty/],
    [";;", /empty/],
    ["INSERT INTO t VALUES (1)", /begins with INSERT/],
    ["(DELETE FROM t)", /begins with DELETE/],
    ["CALL p()", /begins with CALL/],
    ["BEGIN", /begins with BEGIN/],
    ["EXECUTE IMMEDIATE 'DROP TABLE t'", /begins with EXECUTE/],
    ["SELECT 1; DROP TABLE t", /one statement/],
    ["SELECT '\\'; DROP TABLE t --'; DROP TABLE t", /one statement/],
    ["SELECT 1 /* ' */; DROP TABLE t -- '", /one statement/],
    ["SELECT 1 ->> INSERT INTO t SELECT * FROM $1", /begins with INSERT/],
    ["WITH p AS PROCEDURE () RETURNS INT LANGUAGE SQL AS $$ BEGIN END $$ CALL p()", /Procedures/],
    ["WITH a AS (SELECT 1) CALL p()", /Procedures/],
    ["SELECT SYSTEM$CANCEL_ALL_QUERIES(1)", /SYSTEM\$CANCEL_ALL_QUERIES/],
    ['SELECT "SYSTEM$ABORT_SESSION"(1)', /SYSTEM\$ABORT_SESSION/],
    ["SELECT 'open", undefined],
  ])("%s", (statement, says) => {
    if (says === undefined) expect(writeFault(statement, reading)).toBeUndefined()
    else expect(writeFault(statement, reading)).toMatch(says)
  })
})

test("names are quoted", () => {
  expect(dialect.ident('a"b')).toBe('"a""b"')
  expect(qualified(dialect, ["DB", 'S."T'])).toBe('"DB"."S.""T"')
})

test("a MiB of semicolons, blanks or quotes is judged without going over it by the square", () => {
  for (const part of [";", " ", "; ", "'", "''", '"', "as ", "->>", "--\n"]) {
    const many = part.repeat(Math.floor(1_000_000 / part.length))
    expect(writeFault(`select 1${many}x`, reading) ?? "taken").toMatch(/^[A-Z]|taken/)
  }
  expect(writeFault(`select 1${";".repeat(1_000_000)}`, reading)).toBeUndefined()
})

test("parameters become typed bind variables", () =>
  expect([null, "x", 3, 1.5, true, { a: [1] }].map((value) => dialect.param(value))).toEqual([
    null,
    "x",
    { type: "FIXED", value: "3" },
    { type: "REAL", value: "1.5" },
    { type: "BOOLEAN", value: "true" },
    '{"a":[1]}',
  ]))

describe("what is written", () => {
  test("goes as text, and becomes its type there", () => {
    const encode = (value: Value, type: ColumnType) => dialect.encode(value, { name: "C", type, nativeType: "", nullable: true })
    expect(encode(null, "json")).toBeNull()
    expect(encode({ a: 1 }, "string")).toBe('{"a":1}')
    expect(encode("x", "json")).toBe('"x"')
    expect(encode("-Infinity", "float")).toBe("-inf")
    expect(encode("AP/+gAo=", "bytes")).toBe("AP/+gAo=")
    expect(() => encode("no base64!", "bytes")).toThrow(Unfit)
    expect(() => encode("\ud800", "string")).toThrow(Unfit)
    expect(fromText({ type: "decimal", nativeType: "NUMBER(10,2)" }, "?")).toBe("CAST(? AS NUMBER(10,2))")
    expect(fromText({ type: "string", nativeType: "VARCHAR(3)" }, "?")).toBe("?")
    expect(fromText({ type: "json", nativeType: "OBJECT" }, "?")).toBe("CAST(PARSE_JSON(?) AS OBJECT)")
    expect(fromText({ type: "json", nativeType: "VARIANT" }, "?")).toBe("PARSE_JSON(?)")
    expect(fromText({ type: "json", nativeType: "GEOGRAPHY" }, "?")).toBe("TO_GEOGRAPHY(?)")
    expect(fromText({ type: "array", nativeType: "VECTOR(FLOAT, 3)" }, "?")).toBe("CAST(CAST(PARSE_JSON(?) AS ARRAY) AS VECTOR(FLOAT, 3))")
    expect(fromText({ type: "bytes", nativeType: "BINARY(8)" }, "?")).toBe("TO_BINARY(?, 'BASE64')")
  })
})
