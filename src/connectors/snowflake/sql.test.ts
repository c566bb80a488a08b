import { describe, expect, test } from "vitest"
import { ident, literal, qualified, writeFault } from "./sql.ts"

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
  ])("%s", (statement) => expect(writeFault(statement)).toBeUndefined())
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
    if (says === undefined) expect(writeFault(statement)).toBeUndefined()
    else expect(writeFault(statement)).toMatch(says)
  })
})

test("names and constants are quoted", () => {
  expect(ident('a"b')).toBe('"a""b"')
  expect(qualified(["DB", 'S."T'])).toBe('"DB"."S.""T"')
  expect(literal("it's \\ '")).toBe("'it''s \\\\ '''")
})

test("a MiB of semicolons, blanks or quotes is judged without going over it by the square", () => {
  for (const part of [";", " ", "; ", "'", "''", '"', "as ", "->>", "--\n"]) {
    const many = part.repeat(Math.floor(1_000_000 / part.length))
    expect(writeFault(`select 1${many}x`) ?? "taken").toMatch(/^[A-Z]|taken/)
  }
  expect(writeFault(`select 1${";".repeat(1_000_000)}`)).toBeUndefined()
})
