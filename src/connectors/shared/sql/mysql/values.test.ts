import { describe, expect, test } from "vitest"
import { Unfit } from "../../unfit.ts"
import { explainBy, rowReason } from "../errors.ts"
import { firstWord } from "../lexis.ts"
import { definitions, mysqlDdl } from "./ddl.ts"
import { mysqlDialect } from "./dialect.ts"
import { encode, param } from "./encode.ts"
import { mysqlErrors, type ServerError } from "./errors.ts"
import { globalRights } from "./facts.ts"
import { grantsIn } from "./grants.ts"
import { watchPackets } from "./protocol.ts"
import { bits, catalogType, type Field, readerOf, shortest, timestamp } from "./values.ts"

const explain = explainBy(mysqlErrors)

const field = (more: Partial<Field>): Field => ({ name: "a", columnType: 253, characterSet: 45, flags: 0, columnLength: 40, decimals: 0, ...more })

describe("what comes out", () => {
  test.each([
    ["2024-03-31 01:30:00", "Z", "2024-03-31T01:30:00Z"],
    ["2024-03-31 01:30:00.500000", "", "2024-03-31T01:30:00.5"],
    ["2024-03-31 01:30:00.000000", "Z", "2024-03-31T01:30:00Z"],
    ["0000-00-00 00:00:00", "Z", "0000-00-00 00:00:00"],
    ["2024-00-00 00:00:00", "", "2024-00-00 00:00:00"],
  ] as const)("the time %j", (raw, zone, wanted) => expect(timestamp(raw, zone)).toBe(wanted))

  test.each([
    [Math.fround(0.1), 0.1],
    [Math.fround(1 / 3), 0.33333334],
    [Math.fround(16_777_216), 16_777_216],
    [Math.fround(1e38), 1e38],
    [0, 0],
    [-0.5, -0.5],
  ])("the 32-bit float %d is %d", (raw, wanted) => expect(shortest(raw)).toBe(wanted))

  test.each([
    [Buffer.from([1]), 1, "1"],
    [Buffer.from([0x00, 0x05]), 10, "0000000101"],
    [Buffer.alloc(8, 0xff), 64, "1".repeat(64)],
    [Buffer.alloc(0), 3, "000"],
  ])("bits of %j", (raw, length, wanted) => expect(bits(raw, length)).toBe(wanted))

  test("texts and bytes are told apart, names are told apart, and what the library would take apart comes whole", () => {
    const fields = [
      field({}),
      field({ characterSet: 63 }),
      field({ columnType: 252, characterSet: 63 }),
      field({ columnType: 252, extendedFormat: "json" }),
      field({ columnType: 255, characterSet: 63 }),
      field({ columnType: 254, flags: 256 }),
      field({ columnType: 8, flags: 32 }),
      field({ columnType: 246, columnLength: 40, decimals: 10 }),
      field({ columnType: 246, columnLength: 11, flags: 32 }),
      field({ columnType: 199 }),
    ]
    const { columns, parses } = readerOf(fields)
    expect(columns.map(({ name, type, nativeType }) => [name, type, nativeType])).toEqual([
      ["a", "string", "varchar(10)"],
      ["a_2", "bytes", "varbinary(40)"],
      ["a_3", "bytes", "blob"],
      ["a_4", "json", "json"],
      ["a_5", "bytes", "geometry"],
      ["a_6", "string", "enum"],
      ["a_7", "integer", "bigint unsigned"],
      ["a_8", "decimal", "decimal(38,10)"],
      ["a_9", "decimal", "decimal(11,0) unsigned"],
      ["a_10", "string", "varchar(10)"],
    ])
    expect([fields[4]?.columnType, fields[4]?.characterSet]).toEqual([252, 63])
    expect([parses[1]?.(Buffer.from([0, 255])), parses[3]?.('{"a":9007199254740993}'), parses[6]?.("18446744073709551615")]).toEqual([
      "AP8=",
      { a: "9007199254740993" },
      "18446744073709551615",
    ])
  })

  test.each([
    ["int(11)", { type: "integer", precision: 32 }],
    ["bigint(20) unsigned zerofill", { type: "integer", precision: 65 }],
    ["tinyint(1)", { type: "integer", precision: 8 }],
    ["decimal(38,10) unsigned", { type: "decimal", precision: 38, scale: 10 }],
    ["double", { type: "float", precision: 64 }],
    ["varchar(80)", { type: "string", maxLength: 80 }],
    ["enum('a(1)','b')", { type: "string" }],
    ["text", { type: "string", maxLength: 65_535 }],
    ["longtext", { type: "string" }],
    ["varbinary(9)", { type: "bytes", maxLength: 9 }],
    ["timestamp", { type: "timestamp", zoned: true, precision: 0 }],
    ["datetime(6)", { type: "timestamp", zoned: false, precision: 6 }],
    ["time(3)", { type: "time", zoned: false, precision: 3 }],
    ["json", { type: "json" }],
  ])("the catalog's %s", (native, wanted) => expect(catalogType(native)).toEqual({ nativeType: native, ...wanted }))

  test.each(["constructor", "__proto__", "toString", "hyperloglog"])("a type named %s is unknown", (name) => expect(catalogType(name).type).toBe("unknown"))
})

describe("what goes in", () => {
  test.each([
    ["2024-03-31T01:30:00Z", "2024-03-31 01:30:00"],
    ["2024-03-31T01:30:00.25+02:00", "2024-03-30 23:30:00.25"],
    ["2024-03-31 01:30:00-0330", "2024-03-31 05:00:00"],
    ["2024-03-31T01:30:00", "2024-03-31 01:30:00"],
    ["0000-00-00 00:00:00", "0000-00-00 00:00:00"],
    ["next week", "next week"],
  ])("the time %j", (value, wanted) => expect(encode(value, { type: "timestamp", nativeType: "datetime" })).toBe(wanted))

  test("bits, bytes, JSON, numbers", () => {
    expect(encode("0000000101", { type: "string", nativeType: "bit(10)" })).toEqual(Buffer.from([5]))
    expect(encode("100000000", { type: "string", nativeType: "bit(10)" })).toEqual(Buffer.from([1, 0]))
    expect(encode("AP8=", { type: "bytes", nativeType: "blob" })).toEqual(Buffer.from([0, 255]))
    expect(encode("x", { type: "json", nativeType: "json" })).toBe('"x"')
    expect(encode(12.5, { type: "decimal", nativeType: "decimal(9,2)" })).toBe("12.5")
    expect(encode(null, { type: "json", nativeType: "json" })).toBeNull()
    expect(param({ a: [1] })).toBe('{"a":[1]}')
  })

  test.each([
    ["AP8", { type: "bytes", nativeType: "blob" }],
    ["12", { type: "string", nativeType: "bit(4)" }],
    ["\ud800", { type: "string", nativeType: "text" }],
    [{ a: "\ud800\ud800" }, { type: "string", nativeType: "text" }],
  ] as const)("%j does not fit", (value, column) => {
    // JSON writes lone surrogates as escapes, which are well-formed text.
    if (typeof value === "object") expect(encode(value, column)).toContain("\\ud800")
    else expect(() => encode(value, column)).toThrow(Unfit)
  })

  test.each([
    [{ type: "integer", nativeType: "bigint(20) unsigned" }, "CAST(? AS UNSIGNED)"],
    [{ type: "integer", nativeType: "bigint(20)" }, "CAST(? AS SIGNED)"],
    [{ type: "decimal", nativeType: "decimal(38,10)" }, "CAST(? AS DECIMAL(38,10))"],
    [{ type: "string", nativeType: "varchar(3)" }, "?"],
  ] as const)("a key of %j is compared as %s", (column, wanted) => expect(mysqlDialect.compared?.(1, { name: "a", nullable: true, ...column })).toBe(wanted))
})

describe("the first word", () => {
  test.each([
    ["  (SELECT 1)", "SELECT"],
    ["-- a\n/* b */ # c\nwith x as (select 1) select 1", "with"],
    ["/*!50000 CALL p() */", "/*!"],
    ["/*M! CALL p() */", "/*M!"],
    ["/* open", ""],
    ["--1", "-"],
    ["", ""],
  ])("of %j is %j", (statement, word) => expect(firstWord(statement, mysqlDialect.reading.lexis)).toBe(word))
})

describe("the definition of a column behind its type", () => {
  const created = [
    "CREATE TABLE `t` (",
    "  `id` int unsigned NOT NULL AUTO_INCREMENT,",
    "  `we``ird` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'a,\\n  `id` int',",
    "  `last` enum('a','b') DEFAULT NULL",
    ") ENGINE=InnoDB",
  ].join("\n")
  test.each([
    ["id", "int unsigned", " NOT NULL AUTO_INCREMENT"],
    ["we`ird", "varchar(9)", " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'a,\\n  `id` int'"],
    ["last", "enum('a','b')", " DEFAULT NULL"],
    ["last", "enum('a')", undefined],
    ["we`ird", "varchar(", undefined],
    ["none", "int", undefined],
  ])("of %s %s", (name, nativeType, wanted) => {
    const column = { name, nativeType, type: "unknown" as const, nullable: true }
    expect(definitions(created, [column]).get(name)).toBe(wanted)
    expect(mysqlDdl.loosen?.("t", "c", "x", wanted ?? "")).toBe(`ALTER TABLE t MODIFY COLUMN c x${(wanted ?? "").replace("NOT NULL", "NULL")}`)
  })
})

describe("errors", () => {
  const server = (errno: number, sqlState: string, message = "no"): ServerError => Object.assign(new Error(message), { errno, sqlState })
  test.each([
    [1064, "42000", "query_invalid"],
    [1213, "40001", "server_unavailable"],
    [1969, "70100", "timed_out"],
    [3024, "HY000", "timed_out"],
    [1317, "70100", "timed_out"],
    [1105, "HY000", "remote_failed"],
    [4025, "23000", "query_invalid"],
    [1366, "HY000", "query_invalid"],
  ])("%i %s is %s", (errno, state, code) => expect(explain(server(errno, state))?.code).toBe(code))

  test("a lock that was waited for is no fault of a row", () => {
    expect([server(1205, "HY000"), server(1213, "40001"), server(1062, "23000"), server(1265, "01000")].map((error) => rowReason(mysqlErrors, error))).toEqual([
      undefined,
      undefined,
      "no.",
      "no.",
    ])
  })

  test("rights over everything are seen, those over one database are not", () => {
    expect(globalRights(grantsIn([["GRANT ALL PRIVILEGES ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*x'"]]))).toEqual({ everything: true, files: false })
    expect(globalRights(grantsIn([["GRANT SELECT, FILE ON *.* TO `a`@`%`"], ["GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"]]))).toEqual({
      everything: false,
      files: true,
    })
  })
})

describe("packets, however they are cut", () => {
  const TO = { host: "db.example.com", port: 3306 }
  const stream = Buffer.concat([Buffer.from([2, 0, 0, 0, 10, 0]), Buffer.from([1, 0, 0, 1, 0]), Buffer.from([0, 0, 0, 2]), Buffer.from([3, 0, 0, 3, 1, 2, 3])])
  test.each([1, 2, 3, 5, 100])("in pieces of %i bytes", (size) => {
    const { see } = watchPackets(TO, false)
    for (let at = 0; at < stream.length; at += size) see(stream.subarray(at, at + size))
    const alone = watchPackets(TO, true)
    const feed = (): void => {
      for (let at = 0; at < stream.length; at += size) alone.see(stream.subarray(at, at + size))
    }
    expect(feed).toThrow("does not speak MySQL's protocol")
  })

  test("what comes without a row among it has an end, and a row begins it anew", () => {
    const { see, rested } = watchPackets(TO, false)
    const chunk = Buffer.concat([Buffer.from([0, 0, 16, 0, 10]), Buffer.alloc(16 * 65_536 - 1)])
    for (let sent = 0; sent < 100; sent++) see(chunk)
    rested()
    for (let sent = 0; sent < 100; sent++) see(chunk)
    expect(() => {
      for (let sent = 0; sent < 100; sent++) see(chunk)
    }).toThrow("sends data without end")
  })
})
