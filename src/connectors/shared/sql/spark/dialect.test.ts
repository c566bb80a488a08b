import { describe, expect, test } from "vitest"
import { writeFault } from "../reading.ts"
import { sparkReading } from "./dialect.ts"

describe("by its text a statement only reads:", () => {
  test.each([
    "SELECT 1",
    "WITH a AS (SELECT 'insert into t') SELECT * FROM a",
    "FROM t |> WHERE x = 1",
    "-- DELETE FROM t\nSELECT \"a;b\", `c;insert`, r'\\' FROM t",
    "/* one /* DELETE */ two */ DESCRIBE HISTORY t",
    "EXPLAIN INSERT INTO t SELECT 1",
    "WITH a AS (SELECT `update` FROM t) SELECT * FROM a",
    "SELECT 'it\\'s; DROP TABLE t'",
  ])("%s", (statement) => expect(writeFault(statement, sparkReading)).toBeUndefined())

  test.each([
    ["INSERT INTO t SELECT 1", /begins with INSERT/],
    ["WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", /holds INSERT/],
    ["with a as (select r'\\') insert into t select 1 --'", /holds INSERT/],
    ['WITH a AS (SELECT R"\\") DELETE FROM t --"', /holds DELETE/],
    ["FROM a INSERT OVERWRITE t SELECT *", /holds INSERT/],
    ["WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE", /holds/],
    ["/* a /* b */ SELECT */ UPDATE t SET x = 1", /begins with UPDATE/],
    ["SELECT 1; DROP TABLE t", /one statement/],
    ["SELECT http_request(conn => 'c', method => 'POST')", /http_request/],
    ["CALL p()", /begins with CALL/],
    ["EXECUTE IMMEDIATE 'DROP TABLE t'", /begins with EXECUTE/],
    ["SET VAR x = 1", /begins with SET/],
    ["", /empty/],
  ])("not %s", (statement, fault) => expect(writeFault(statement, sparkReading)).toMatch(fault))
})
