import { describe, expect, test } from "vitest"
import { firstWord, type Lexis } from "./lexis.ts"
import { type Reading, writeFault } from "./reading.ts"

const SNOW: Lexis = { lineComments: [/--/y, /\/\//y], quotes: `'"`, escapes: "'", dollars: /\$\$/y }
const byText: Reading = {
  words: ["select", "with", "values", "show", "explain"],
  lexis: SNOW,
  by: { parts: "->>" },
  names: '"',
  fault: (text) => (/\bcall\s+\w/i.test(text) || /system\$cancel/i.test(text) ? "Procedures are not called here." : undefined),
}
const MYSQL: Lexis = { lineComments: [/#/y, /--(?=\s|$)/y], quotes: "'\"`", escapes: `'"`, runs: /\/\*M?!/y }
const byTransaction: Reading = {
  words: ["select", "with"],
  lexis: MYSQL,
  by: "transaction",
  fault: (text) => (/\boutfile\b/i.test(text) ? "INTO OUTFILE writes a file." : undefined),
}

describe("by its text a statement only reads:", () => {
  test.each([
    "SELECT 1",
    "select * from t; ",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "  /* why; */ -- and ; how\n (SELECT 1)",
    "// hello\nSELECT 1",
    "SELECT ';', '->>', 'CALL x', \"a;b\", $$ ; CALL p() $$",
    "SELECT 'it''s; \\'; DELETE FROM t'",
    "SHOW TABLES ->> SELECT * FROM $1",
    'SELECT "a->>b" FROM t',
    "SELECT 'open",
  ])("%s", (statement) => expect(writeFault(statement, byText)).toBeUndefined())

  test.each([
    ["", /empty/],
    ["-- only a comment", /empty/],
    [";;", /empty/],
    ["INSERT INTO t VALUES (1)", /begins with INSERT/],
    ["(DELETE FROM t)", /begins with DELETE/],
    ["SELECT 1; DROP TABLE t", /one statement/],
    ["SELECT '\\'; DROP TABLE t --'; DROP TABLE t", /one statement/],
    ["SELECT 1 /* ' */; DROP TABLE t -- '", /one statement/],
    ["SELECT 1 ->> INSERT INTO t SELECT * FROM $1", /begins with INSERT/],
    ["SELECT 1 ->> ", /begins with nothing/],
    ["WITH a AS (SELECT 1) CALL p()", /Procedures/],
    ['SELECT "SYSTEM$CANCEL"(1)', /Procedures/],
  ] as const)("not %s", (statement, says) => expect(writeFault(statement, byText)).toMatch(says))
})

describe("beside a read-only transaction", () => {
  test.each([
    ["SELECT 1; DELETE FROM t", undefined],
    ["SELECT 'outfile'", undefined],
    ["# CALL\nSELECT 1 -- outfile", undefined],
    ["SELECT 1 INTO OUTFILE 'x'", /writes a file/],
    ["SELECT 1 INTO /* x */ OUTFILE 'x'", /writes a file/],
    ["SELECT 1 /*! INTO OUTFILE 'x' */", /writes a file/],
    ["/*!50000 DELETE */ FROM t", /begins with \/\*!/],
    ["--1", /begins with -/],
    ["COMMIT", /begins with COMMIT/],
    ["SELECT `outfile` FROM t", undefined],
  ] as const)("%s", (statement, says) => {
    if (says === undefined) expect(writeFault(statement, byTransaction)).toBeUndefined()
    else expect(writeFault(statement, byTransaction)).toMatch(says)
  })
})

test("a long statement of anything is judged in time that grows with its length alone", () => {
  for (const part of [";", " ", "; ", "'", "''", '"', "as ", "->>", "--\n", "/*", "*/", "$$", "(", "#", "\\'"])
    for (const reading of [byText, byTransaction]) {
      const many = part.repeat(Math.floor(300_000 / part.length))
      expect(writeFault(`select 1${many}x`, reading) ?? "Taken").toMatch(/^[A-Z]/)
      expect(firstWord(many, reading.lexis).length).toBeLessThan(64)
    }
})
