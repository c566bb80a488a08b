import type { Atomic } from "../shared/sql/atomic.ts"
import type { Ddl } from "../shared/sql/ddl.ts"
import { quotedText } from "../shared/sql/dialect.ts"
import { widensWithin } from "../shared/sql/text-types.ts"
import { digited, integersOf, lengthed } from "../shared/sql/types.ts"

/** How Snowflake makes and changes tables. Times have nine decimals, so that none need be widened; a decimal that no NUMBER holds is a text. */
export const ddl: Ddl = {
  types: {
    string: lengthed("VARCHAR", 16_777_216, "VARCHAR"),
    integer: integersOf("NUMBER"),
    decimal: digited("NUMBER", 38, "VARCHAR"),
    float: [[64, "FLOAT"]],
    boolean: "BOOLEAN",
    date: "DATE",
    time: "TIME",
    timestamp: ({ zoned = true }) => (zoned ? "TIMESTAMP_LTZ" : "TIMESTAMP_NTZ"),
    json: "VARIANT",
    bytes: "BINARY",
    array: "ARRAY",
    unknown: "VARCHAR",
  },
  // Docs, ALTER TABLE … ALTER COLUMN: texts become longer and numbers get more digits; nothing else changes its type.
  widens: widensWithin,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${type}`,
  commits: true,
  loosen: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`,
}

/** A block of Snowflake Scripting is one statement, and takes no bind variables from outside (docs, EXECUTE IMMEDIATE). */
export const atomic: Atomic = {
  // Snowflake keeps the data of other tables for days after they are dropped.
  create: "CREATE TRANSIENT TABLE",
  block: (guard, statements) => {
    const done = statements.map((each) => `${each};`).join(" ")
    const undo = "EXCEPTION WHEN OTHER THEN ROLLBACK; RAISE;"
    const all = `BEGIN BEGIN TRANSACTION; ${guard}; IF (SQLROWCOUNT = 0) THEN ROLLBACK; RETURN 'false'; END IF; ${done} COMMIT; RETURN 'true'; ${undo} END;`
    return `EXECUTE IMMEDIATE ${quotedText(all)}`
  },
}
