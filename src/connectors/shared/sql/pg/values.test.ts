import { describe, expect, test } from "vitest"
import { explainBy } from "../errors.ts"
import { firstWord } from "../lexis.ts"
import { copyLine } from "./copy.ts"
import { pgDialect } from "./dialect.ts"
import { encode } from "./encode.ts"
import { pgErrors } from "./errors.ts"
import { cancelRequest } from "./protocol.ts"
import { pgTypes } from "./values.ts"

const { parser, columnsOf, read } = pgTypes()
const explain = explainBy(pgErrors("PostgreSQL"))
const parse = (oid: number, text: string): unknown => parser(oid)(text)
const field = (name: string, dataTypeID: number, dataTypeModifier = -1) => ({ name, dataTypeID, dataTypeModifier })

describe("values out", () => {
  test.each([
    [20, "9007199254740993", "9007199254740993"],
    [23, "-7", -7],
    [1700, "1.10", "1.10"],
    [701, "NaN", "NaN"],
    [701, "-Infinity", "-Infinity"],
    [701, "1e+308", 1e308],
    [16, "f", false],
    [17, "\\x00ff", "AP8="],
    [1184, "2024-03-31 01:30:00.123456+00", "2024-03-31T01:30:00.123456Z"],
    [1184, "10000-01-01 00:00:00+00", "10000-01-01T00:00:00Z"],
    [1184, "0044-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC"],
    [1184, "-infinity", "-infinity"],
    [1114, "2024-03-31 02:30:00", "2024-03-31T02:30:00"],
    [1082, "infinity", "infinity"],
    [1007, "{1,NULL}", [1, null]],
    [
      1007,
      "{{1,2},{NULL,4}}",
      [
        [1, 2],
        [null, 4],
      ],
    ],
    [1007, "{}", []],
    [1007, "[0:1]={1,2}", "[0:1]={1,2}"],
    [1016, "{9007199254740993}", ["9007199254740993"]],
    [1009, '{a,"b c","NULL",NULL,"\\"\\\\",""}', ["a", "b c", "NULL", null, '"\\', ""]],
    [1001, '{"\\\\x00ff",NULL}', ["AP8=", null]],
    [1022, "{NaN,1.5}", ["NaN", 1.5]],
    [1185, '{"2024-03-31 01:00:00+00",infinity}', ["2024-03-31T01:00:00Z", "infinity"]],
    [3807, '{"[1, 2]","{\\"a\\": 9007199254740993}"}', [[1, 2], { a: "9007199254740993" }]],
    [3807, "{{1},{2}}", "{{1},{2}}"],
    [790, "-$1,234.56", "-1234.56"],
    [99_999, "anything", "anything"],
  ])("type %i: %s", (oid, text, value) => expect(parse(oid, text)).toEqual(value))

  test("JSON keeps the digits that a double would lose", () => {
    expect(parse(3802, '{"a": 9007199254740993, "b": [0.1, 1.0, 12345678901234567890.5, 1e400], "c": "9007199254740993"}')).toEqual({
      a: "9007199254740993",
      b: [0.1, 1, "12345678901234567890.5", "1e400"],
      c: "9007199254740993",
    })
    expect(parse(114, "[100000000000000000000, 1e3, -0.0, 0.30000000000000004]")).toEqual([1e20, 1000, -0, 0.30000000000000004])
  })

  test("columns that share a name are told apart", () => {
    expect(
      columnsOf([field("a", 23), field("a", 20), field("a_2", 25), field("a", 1700, ((38 << 16) | 10) + 4)]).map(({ name, nativeType }) => [name, nativeType]),
    ).toEqual([
      ["a", "integer"],
      ["a_3", "bigint"],
      ["a_2", "text"],
      ["a_4", "numeric(38,10)"],
    ])
  })
})

describe("types", () => {
  test.each([
    ["numeric(38,10)", { type: "decimal", precision: 38, scale: 10 }],
    ["numeric(4)", { type: "decimal", precision: 4, scale: 0 }],
    ["numeric", { type: "decimal" }],
    ["character varying(80)", { type: "string", maxLength: 80 }],
    ["bpchar", { type: "string" }],
    ["smallint", { type: "integer", precision: 16 }],
    ["real", { type: "float", precision: 32 }],
    ["timestamp(3) without time zone", { type: "timestamp", precision: 3, zoned: false }],
    ["timestamp with time zone", { type: "timestamp", zoned: true }],
    ["integer[]", { type: "array", elements: "integer" }],
    ["character varying(10)[]", { type: "array", elements: "string" }],
    ["shop.mood[]", { type: "array" }],
    ["made (up) type", { type: "unknown" }],
  ] as [string, object][])("%s", (native, typed) => expect(read(native)).toEqual({ ...typed, nativeType: native }))

  test.each([
    [1114, 3, "timestamp(3) without time zone"],
    [1560, 8, "bit(8)"],
    [1043, 84, "character varying(80)"],
    [1007, -1, "integer[]"],
    [1231, ((38 << 16) | 10) + 4, "numeric(38,10)[]"],
    [99_999, -1, "oid 99999"],
  ])("OID %i with the modifier %i is %s", (oid, modifier, native) => expect(columnsOf([field("a", oid, modifier)])[0]?.nativeType).toBe(native))
})

describe("values in", () => {
  test.each([
    [null, "json", null],
    ["x", "json", '"x"'],
    [{ a: [1] }, "json", '{"a":[1]}'],
    [{ a: [1] }, "string", '{"a":[1]}'],
    ["AP8=", "bytes", "\\x00ff"],
    [[1, null, ['a "b\\']], "array", '{"1",NULL,{"a \\"b\\\\"}}'],
    [true, "boolean", "true"],
  ] as const)("%j as %s", (value, type, text) => expect(encode(value, { type })).toBe(text))

  test.each([
    [["AP8=", null], "bytes", '{"\\\\x00ff",NULL}'],
    [[[1, 2], { a: "x" }], "json", '{"[1,2]","{\\"a\\":\\"x\\"}"}'],
    [[["a"], ["b"]], "string", '{{"a"},{"b"}}'],
    ["[0:1]={1,2}", "integer", "[0:1]={1,2}"],
  ] as const)("%j as an array of %s", (value, elements, text) => expect(encode(value, { type: "array", elements })).toBe(text))

  test("a bad element is charged to its value", () => expect(() => encode(["%%%"], { type: "array", elements: "bytes" })).toThrow(/base64/))

  test.each([
    ["%%%", "bytes"],
    [7, "bytes"],
    ["\ud800", "string"],
    [["\udfff"], "array"],
  ] as const)("%j is no %s", (value, type) => expect(() => encode(value, { type })).toThrow(/base64|Unicode/))

  test("a COPY line escapes what COPY would read", () => expect(copyLine(["a\tb\nc\\N", null, ""])).toBe("a\\tb\\nc\\\\N\t\\N\t\n"))
})

describe("statements", () => {
  test.each([
    ["select 1", "select"],
    [" \n-- delete\n /* a /* b */ c */ ((WITH x as (select 1) table x))", "WITH"],
    ["/* never ends", ""],
    ["--", ""],
    ["; select 1", ";"],
    ["selectx 1", "selectx"],
  ])("%j begins with %j", (statement, word) => expect(firstWord(statement, pgDialect.reading.lexis)).toBe(word))

  test("a CancelRequest is the sixteen bytes of the protocol", () => expect(cancelRequest(258, -1).toString("hex")).toBe("0000001004d2162e00000102ffffffff"))
})

describe("errors", () => {
  const server = (code: string, message: string): Error => Object.assign(new Error(message), { severity: "ERROR", code })
  test.each([
    ["28P01", "password authentication failed", "auth_failed"],
    ["28000", "no pg_hba.conf entry for host, no encryption", "auth_failed"],
    ["28000", "kein Eintrag", "auth_failed"],
    ["08006", "could not connect to a foreign server", "server_unavailable"],
    ["55000", "a view that has not been populated", "query_invalid"],
    ["UE001", "of somebody's own", "remote_failed"],
    ["3D000", "база данных не существует", "database_not_found"],
    ["42501", "droit refusé", "permission_denied"],
    ["42P01", 'relation "x" does not exist', "query_invalid"],
    ["22012", "division by zero", "query_invalid"],
    ["08P01", "bind message supplies 0 parameters", "query_invalid"],
    ["25006", "cannot execute DELETE", "query_invalid"],
    ["53300", "too many clients", "too_many_connections"],
    ["53100", "disk full", "server_unavailable"],
    ["57P03", "starting up", "server_unavailable"],
    ["57P01", "terminating", "server_unavailable"],
    ["57014", "statement timeout", "timed_out"],
    ["40001", "could not serialize", "server_unavailable"],
    ["XX000", "bad", "remote_failed"],
  ])("%s %s is %s", (code, message, expected) => {
    const error = explain(server(code, message))
    expect(error?.code).toBe(expected)
    expect(error?.message).toMatch(/\.$/)
    expect(error?.cause).toBeDefined()
  })

  test.each([
    ["password authentication failed", "auth_failed"],
    ["no such user: someone", "auth_failed"],
    ["no such database: xyz", "database_not_found"],
    ['database "xyz" does not exist', "database_not_found"],
    ['server login failed: FATAL: database "x" does not exist', "database_not_found"],
    ["server login has been failing, try again later (server_login_retry)", "server_unavailable"],
    ["pgbouncer cannot connect to server", "server_unavailable"],
    ["server conn crashed?", "server_unavailable"],
    ["the database is disabled", "server_unavailable"],
    ["query_wait_timeout", "too_many_connections"],
    ["no more connections allowed (max_client_conn)", "too_many_connections"],
    ["SSL required", "tls_required"],
  ])("PgBouncer's own %j is %s", (message, expected) => {
    const fatal = Object.assign(new Error(message), { severity: "FATAL", code: "08P01" })
    expect([explain(fatal)?.code, explain(fatal)?.details?.["sqlstate"]]).toEqual([expected, "08P01"])
  })

  test.each([
    ["SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string", "auth_failed"],
    ["SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match", "protocol_invalid"],
    ["Connection terminated unexpectedly", "connection_lost"],
    ["received invalid response: 48", "protocol_invalid"],
  ])("%s is %s", (message, expected) => expect(explain(new Error(message))?.code).toBe(expected))

  test("what it does not know stays unexplained", () => expect(explain(new Error("?"))).toBeUndefined())
})
