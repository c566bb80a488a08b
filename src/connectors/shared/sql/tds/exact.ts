import { kept } from "../../kept.ts"

/** What a parser of the client library found, and where it ends. */
export interface Result {
  readonly value: unknown
  readonly offset: number
}
interface Metadata {
  readonly type: { readonly name: string }
  readonly precision?: number | undefined
  readonly scale?: number | undefined
}
type ReadValue = (bytes: Buffer, offset: number, metadata: Metadata, options: unknown) => Result
export interface Helpers {
  readonly Result: new (value: unknown, offset: number) => Result
  readonly NotEnoughDataError: new (end: number) => Error
}

/**
 * Makes the client library read values without loss. It has no hook for that: it makes doubles of decimals and money, and drops the zones of
 * times. Its reader is a member of a module, which is replaced once; everything else is still read by the library.
 */
export const exactValues = kept(async () => {
  const parser = ((await import("tedious/lib/value-parser.js" as string)) as { default: { readValue: ReadValue } }).default
  const helpers = ((await import("tedious/lib/token/helpers.js" as string)) as { default: Helpers }).default
  const plain = parser.readValue
  parser.readValue = (bytes, offset, metadata, options) => {
    const read = READERS[metadata.type.name]
    if (read === undefined) return plain(bytes, offset, metadata, options)
    const { lengthBytes, of } = read
    const need = (end: number): void => {
      if (bytes.length < end) throw new helpers.NotEnoughDataError(end)
    }
    need(offset + Math.max(1, lengthBytes))
    const fixed = FIXED[metadata.type.name]
    const length = fixed ?? (lengthBytes === 4 ? bytes.readUInt32LE(offset) : bytes.readUInt8(offset))
    const from = fixed === undefined ? offset + lengthBytes : offset
    need(from + length)
    return new helpers.Result(length === 0 ? null : of(bytes.subarray(from, from + length), metadata.scale ?? 0, metadata.precision ?? 0), from + length)
  }
})

/** The lengths of types that are never NULL. */
const FIXED: Readonly<Record<string, number>> = { Money: 8, SmallMoney: 4, DateTime: 8, SmallDateTime: 4 }

type Of = (bytes: Buffer, scale: number, precision: number) => unknown

/** A sign, and then the digits as an integer. */
const decimal: Of = (bytes, scale) => {
  let digits = 0n
  for (let at = bytes.length - 1; at > 0; at--) digits = digits * 256n + BigInt(bytes[at] ?? 0)
  return pointed(bytes[0] === 0 ? -digits : digits, scale)
}

function pointed(digits: bigint, scale: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, "0")
  const sign = digits < 0n ? "-" : ""
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** Eight bytes come as two integers, the higher one first. */
const money: Of = (bytes) =>
  pointed(bytes.length === 4 ? BigInt(bytes.readInt32LE(0)) : (BigInt(bytes.readInt32LE(0)) << 32n) + BigInt(bytes.readUInt32LE(4)), 4)

const DAY_MS = 86_400_000
const [SINCE_1, SINCE_1900] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("1900-01-01T00:00:00Z")]
const dayAfter = (start: number, days: number): string => new Date(start + days * DAY_MS).toISOString().slice(0, 10)

/** The clock after so many units of 10^-scale seconds, without zeros at the end. */
function clock(units: number, scale: number): string {
  const per = 10 ** scale
  const seconds = Math.floor(units / per)
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0")
  const fraction = String(units % per)
    .padStart(scale, "0")
    .replace(/0+$/, "")
  return `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${fraction === "" ? "" : `.${fraction}`}`
}

const day: Of = (bytes) => dayAfter(SINCE_1, bytes.readUIntLE(0, 3))
const time: Of = (bytes, scale) => clock(bytes.readUIntLE(0, bytes.length), scale)
const dateTime2: Of = (bytes, scale) => `${day(bytes.subarray(-3), 0, 0)}T${time(bytes.subarray(0, -3), scale, 0)}`

/** In UTC, with the offset beside it in minutes. */
const dateTimeOffset: Of = (bytes, scale) => {
  const minutes = bytes.readInt16LE(bytes.length - 2)
  const per = 10 ** scale
  const units = bytes.readUIntLE(0, bytes.length - 5) + minutes * 60 * per
  const over = Math.floor(units / (86_400 * per))
  const local = `${dayAfter(SINCE_1, bytes.readUIntLE(bytes.length - 5, 3) + over)}T${clock(units - over * 86_400 * per, scale)}`
  if (minutes === 0) return `${local}Z`
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0")
  return `${local}${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
}

/** Days since 1900, and then 300ths of a second, or minutes. The server shows three decimals. */
const dateTime: Of = (bytes) =>
  bytes.length === 4
    ? `${dayAfter(SINCE_1900, bytes.readUInt16LE(0))}T${clock(bytes.readUInt16LE(2) * 60, 0)}`
    : `${dayAfter(SINCE_1900, bytes.readInt32LE(0))}T${clock(Math.round((bytes.readUInt32LE(4) * 10) / 3), 3)}`

/** The shortest text of a number of 32 bits. */
export function shortReal(value: number): number {
  for (let digits = 6; digits < 9; digits++) if (Math.fround(Number(value.toPrecision(digits))) === value) return Number(value.toPrecision(digits))
  return Number(value.toPrecision(9))
}

/** The types inside `sql_variant` that lose something: their readers, by the first byte (MS-TDS, 2.2.5.5.4). */
const VARIANTS: Readonly<Record<number, Of>> = {
  40: day,
  41: time,
  42: dateTime2,
  43: dateTimeOffset,
  106: decimal,
  108: decimal,
  60: money,
  122: money,
  58: dateTime,
  61: dateTime,
}
const PLAIN_VARIANTS: Readonly<Record<number, (bytes: Buffer) => unknown>> = {
  36: guid,
  50: (bytes) => bytes[0] !== 0,
  48: (bytes) => bytes.readUInt8(0),
  52: (bytes) => bytes.readInt16LE(0),
  56: (bytes) => bytes.readInt32LE(0),
  127: (bytes) => String(bytes.readBigInt64LE(0)),
  59: (bytes) => shortReal(bytes.readFloatLE(0)),
  62: (bytes) => bytes.readDoubleLE(0),
  231: (bytes) => bytes.toString("utf16le"),
  239: (bytes) => bytes.toString("utf16le"),
}

/** A GUID as the server prints it: its first three parts are little-endian. */
function guid(bytes: Buffer): string {
  const hex = (from: number, to: number, reversed: boolean): string => {
    const part = Buffer.from(bytes.subarray(from, to))
    return (reversed ? part.reverse() : part).toString("hex").toUpperCase()
  }
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10, false), hex(10, 16, false)].join("-")
}

/** The type, the number of its properties' bytes, those properties, and the value. */
const variant: Of = (bytes) => {
  const [type = 0, properties = 0] = bytes
  const value = bytes.subarray(2 + properties)
  const exact = VARIANTS[type]
  if (exact !== undefined) return exact(value, (type === 0x6a || type === 0x6c ? bytes[3] : bytes[2]) ?? 0, 0)
  const plain = PLAIN_VARIANTS[type]
  // CHAR and VARCHAR have a code page; what is not ASCII in them is read as Latin-1.
  return plain?.(value) ?? (type === 0xa7 || type === 0xaf ? value.toString("latin1") : Buffer.from(value))
}

const read = (of: Of, lengthBytes = 1) => ({ of, lengthBytes })

const READERS: Readonly<Record<string, ReturnType<typeof read>>> = {
  DecimalN: read(decimal),
  NumericN: read(decimal),
  Money: read(money, 0),
  SmallMoney: read(money, 0),
  MoneyN: read(money),
  DateTime: read(dateTime, 0),
  SmallDateTime: read(dateTime, 0),
  DateTimeN: read(dateTime),
  Date: read(day),
  Time: read(time),
  DateTime2: read(dateTime2),
  DateTimeOffset: read(dateTimeOffset),
  Variant: read(variant, 4),
}
