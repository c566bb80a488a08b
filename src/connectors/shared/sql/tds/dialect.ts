import type { Column, Value } from "../../../../core/values.ts"
import { ExactNumber } from "../../../../core/values.ts"
import { parseJsonCell } from "../../json.ts"
import { plainNumber } from "../../plain-number.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"
import type { Dialect } from "../dialect.ts"
import { rowReason } from "../errors.ts"
import type { Reading } from "../reading.ts"
import { tdsErrors } from "./errors.ts"
import type { TdsBound } from "./requests.ts"

/** Words that change something. A batch needs no semicolons, so they are looked for in the whole statement (docs, Reserved keywords). */
const CHANGING =
  /\b(insert|update(?!\s*\()|delete|truncate|exec|execute|create|alter|drop|grant|revoke|deny|backup|restore|use(?!\s+(?:hint|plan)\b)|set|declare|waitfor|kill|shutdown|dbcc|bulk|begin|commit|rollback|save|into|writetext|updatetext|reconfigure|checkpoint|goto|while|if|print|raiserror|throw|receive|return|setuser|revert|merge(?!\s+(?:join|union)\b)|dump|load|add|open|close|deallocate|(?:en|dis)able\s+trigger|send\s+on|(?:end|get|move)\s+conversation|rename\s+object)\b/i
/** What hands a text or a name to another server, reads its files, or moves a sequence. */
const ELSEWHERE = /\b(openrowset|openquery|opendatasource|openxml|sp_executesql|next\s+value\s+for)\b/i

const reading: Reading = {
  words: ["select", "with"],
  lexis: { lineComments: [/--/y], nests: true, quotes: `'"[` },
  by: {},
  fault(bare) {
    const word = CHANGING.exec(bare)?.[1] ?? ELSEWHERE.exec(bare)?.[1]
    return word === undefined
      ? undefined
      : `Queries are read-only here, and ${word.toUpperCase()} may change something or reach elsewhere; leave it out, or quote it as a name in brackets.`
  },
}

/** Types whose values SQL Server does not sort and compare, or compares otherwise than they look. */
const UNORDERED = /^(xml|text|ntext|image|json|sql_variant|hierarchyid|geography|geometry|unknown)\b/

/** The types of columns that no catalog describes: those of the commits' table. */
const UNSPELLED: Readonly<Partial<Record<Column["type"], string>>> = { integer: "bigint", timestamp: "datetimeoffset(7)" }

/** SQL that makes a column's type of SQL for a text. Without `attempt` a text that does not fit is an error; with it the result is NULL. */
export function fromText({ type, nativeType: spelled }: Pick<Column, "type" | "nativeType">, sql: string, attempt = false): string {
  const convert = attempt ? "TRY_CONVERT" : "CONVERT"
  const nativeType = spelled === "" ? (UNSPELLED[type] ?? "") : spelled
  if (["uniqueidentifier", "xml", "json"].includes(nativeType)) return `${convert}(${nativeType}, ${sql})`
  if (nativeType === "sql_variant") return `CONVERT(sql_variant, CONVERT(nvarchar(4000), ${sql}))`
  // A conversion to a shorter text or shorter bytes would cut them silently; the column itself refuses them.
  if (type === "string" || type === "unknown" || type === "json" || nativeType === "") return sql
  if (type === "bytes") return `${convert}(varbinary(max), ${sql}, 2)`
  if (nativeType === "datetime" || nativeType === "smalldatetime") return `${convert}(${nativeType}, ${convert}(datetime2(7), ${sql}))`
  return `${convert}(${nativeType}, ${sql})`
}

/** Whether a column's texts are of the code page of its collation. */
export const isOfCodePage = ({ nativeType }: Pick<Column, "nativeType">): boolean => /^((var)?char\(|text$)/.test(nativeType)

/** The same for a comparison: beside a column of a code page, Unicode text would be compared, and sorted, by other rules than the column's. */
const comparedTo = (column: Column, sql: string): string =>
  isOfCodePage(column) ? `CONVERT(varchar(${column.maxLength === undefined ? "max" : "8000"}), ${sql})` : fromText(column, sql)

/** A value as the text that `fromText` converts. Texts that are no value are refused here: the server reads many, and the empty one, as a zero. */
export function encode(value: Value, column: Column): string | null {
  if (value === null) return null
  switch (column.type) {
    case "json":
    case "array":
      return wellFormed(JSON.stringify(value))
    case "bytes":
      return bytesOf(value).toString("hex")
    case "boolean":
      return /^(true|1)$/i.test(String(value)) ? "1" : /^(false|0)$/i.test(String(value)) ? "0" : notA(column)
    case "integer":
    case "decimal":
      return numberOf(asText(value).trim(), column)
    case "float":
      return Number.isFinite(Number(asText(value))) && asText(value).trim() !== "" ? asText(value).trim() : notA(column)
    case "timestamp":
      return moment(asText(value), column)
    case "date":
      return spelledAs(/^\d{4}-\d\d-\d\d(?=$|[T ])/, value, column)
    case "time":
      return spelledAs(/^\d\d:\d\d(:\d\d(\.\d{1,7})?)?/, value, column)
    default:
      return textOf(value, column)
  }
}

function notA({ type, nativeType }: Pick<Column, "type" | "nativeType">): never {
  throw new Unfit(`it is not ${/^[aeiou]/.test(type) ? "an" : "a"} ${type} of the type ${nativeType}`)
}

/** The part of a text that has that form. */
const spelledAs = (form: RegExp, value: Value, column: Column): string => form.exec(asText(value).trim())?.[0] ?? notA(column)

/** Refuses what the server would cut off silently: behind a GUID, and behind the 4,000 characters of a variant. */
function textOf(value: Value, column: Column): string {
  const text = asText(value)
  if (column.nativeType === "uniqueidentifier") return GUID.exec(text.trim())?.[1] ?? notA(column)
  return column.nativeType === "sql_variant" && text.length > VARIANT_CHARACTERS ? notA(column) : text
}

const GUID = /^\{?([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})\}?$/i
const VARIANT_CHARACTERS = 4_000

/** Refuses fractions of integers, which the server would cut off. */
function numberOf(text: string, column: Column): string {
  const plain = plainNumber(text).replace(/^\+/, "")
  if (column.type === "decimal") return /^-?(\d+\.?\d*|\.\d+)$/.test(plain) ? plain : notA(column)
  const [, whole] = /^(-?\d+)(?:\.0*)?$/.exec(plain) ?? []
  return whole ?? notA(column)
}

/** With seven decimals at most; in UTC for a clock without a zone, and with a zone for an instant. */
function moment(text: string, column: Column): string {
  const [, day, clock = "00:00:00", fraction = "", zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(text.trim()) ?? []
  if (day === undefined) return notA(column)
  const [, sign = "+", hours = "00", minutes = "00"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "") ?? []
  const digits = fraction.slice(0, 8)
  if (column.zoned === true) return `${day}T${clock}${digits}${sign}${hours}:${minutes}`
  if (zone === undefined) return `${day}T${clock}${digits}`
  const at = Date.parse(`${day}T${clock}Z`) - (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000)
  return Number.isNaN(at) ? notA(column) : `${new Date(at).toISOString().slice(0, 19)}${digits}`
}

/** Transact-SQL (docs, Transact-SQL reference). */
export const tdsDialect: Dialect<TdsBound> = {
  product: "SQL Server",
  login: "login",
  ident: (name) => `[${name.replaceAll("]", "]]")}]`,
  bound: (n) => `@p${n}`,
  compared: (n, column) => comparedTo(column, `@p${n}`),
  stored: (n, column) => fromText(column, `@p${n}`),
  param: (value) => (value === null || typeof value === "number" || typeof value === "boolean" || value instanceof ExactNumber ? value : asText(value)),
  encode,
  reading,
  order: {
    tuples: false,
    resumes: ({ nativeType }) => !UNORDERED.test(nativeType),
    // The collation decides whether texts are equal, and most ignore case.
    exact: ({ type }) => type !== "string",
    isBadKey: (error) => rowReason(tdsErrors, error) !== undefined,
    nth: (ordered, skip) => `${ordered} OFFSET ${skip} ROWS FETCH NEXT 1 ROWS ONLY`,
    cell: ({ type }) => (type === "json" ? jsonCell : undefined),
  },
}

/** JSON comes as text to clients that do not ask for the type (docs, JSON data type, Limitations). */
const jsonCell = (value: Value): Value => (typeof value === "string" ? parseJsonCell(value) : value)
