import { expect, test } from "vitest"
import type { ColumnType } from "../../core/values.ts"
import { judge } from "./catalog-changes.ts"
import { widens } from "./type-changes.ts"

const as = (type: ColumnType) => (nativeType: string) => ({ type, nativeType })
const text = as("string")
const whole = as("integer")
const exact = as("decimal")

test.each([
  [text("character varying(50)"), text("character varying(100)")],
  [text("character varying(50)"), text("text")],
  [text("VARCHAR(10)"), text("VARCHAR(10)")],
  [whole("smallint"), whole("bigint")],
  [whole("integer"), whole("bigint")],
  [exact("numeric(10,2)"), exact("numeric(12,2)")],
  [exact("numeric(10,2)"), exact("numeric(12,4)")],
  [exact("decimal(10)"), exact("decimal(12)")],
  [exact("numeric(10,2)"), exact("numeric")],
  [as("float")("real"), as("float")("double precision")],
])("%j is held by %j", (before, after) => expect(widens(before, after)).toBe(true))

test.each([
  [text("character varying(100)"), text("character varying(50)")],
  [text("text"), text("character varying(5000)")],
  [text("character varying(50)"), text("character(80)")],
  [whole("bigint"), whole("integer")],
  [whole("bigint"), text("text")],
  [whole("integer"), exact("numeric")],
  [exact("numeric(10,2)"), exact("numeric(10,4)")],
  [exact("numeric(10,2)"), exact("numeric(9,2)")],
  [exact("numeric"), exact("numeric(30,5)")],
  [as("timestamp")("timestamp with time zone"), as("timestamp")("timestamp without time zone")],
  [as("unknown")("citext"), as("unknown")("ltree")],
])("%j is not known to be held by %j", (before, after) => expect(widens(before, after)).toBe(false))

test.each([
  ["stream_added", false],
  ["stream_removed", true],
  ["kind_changed", true],
  ["key_changed", true],
  ["column_removed", true],
] as const)("%s is breaking: %s", (kind, breaking) => expect(judge({ kind, before: {}, after: {} }).breaking).toBe(breaking))

test.each([
  ["column_added", true, false],
  ["column_added", false, true],
  ["nullable_changed", true, false],
  ["nullable_changed", false, true],
] as const)("%s, nullable %s, is breaking: %s", (kind, nullable, breaking) =>
  expect(judge({ kind, before: null, after: { nullable } }).breaking).toBe(breaking),
)
