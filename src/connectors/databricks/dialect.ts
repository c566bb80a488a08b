import { digitsOf } from "../shared/plain-number.ts"
import type { Dialect } from "../shared/sql/dialect.ts"
import { jsonWriter } from "../shared/sql/merge.ts"
import { sparkFromText, sparkReading } from "../shared/sql/spark/dialect.ts"
import { textDialect } from "../shared/sql/text-dialect.ts"
import type { Writer } from "../shared/sql/writer.ts"
import { asText } from "../shared/unfit.ts"
import type { Binding, Databricks } from "./api.ts"
import { errors } from "./errors.ts"

/** Parameters are named by their places, `:p1`, since the API takes named ones alone. */
export const dialect: Dialect<Binding> = textDialect<Binding>({
  product: "Databricks",
  login: "principal",
  quote: "`",
  bound: (n) => `:p${n}`,
  errors,
  reading: sparkReading,
  fromText: sparkFromText,
  param(value) {
    const digits = digitsOf(value, 38)
    if (digits !== undefined) return { type: numberType(digits), value: digits }
    if (typeof value === "number") return { type: "DOUBLE", value: String(value) }
    return typeof value === "boolean" ? { type: "BOOLEAN", value: String(value) } : value === null ? null : asText(value)
  },
})

function numberType(digits: string): string {
  const [whole = "", decimals = ""] = digits.replace("-", "").split(".")
  return decimals === "" && whole.length < 19 ? "BIGINT" : `DECIMAL(${Math.max(1, whole.length + decimals.length)},${decimals.length})`
}

/** The rows are one parameter, which EXPLODE takes apart. A statement with its parameters takes 16 MiB, and 256 parameters. */
export const writer: Writer<Binding, Databricks> = jsonWriter({
  rows: "EXPLODE(FROM_JSON(:p1, 'ARRAY<ARRAY<STRING>>', MAP('mode', 'FAILFAST'))) AS F(V)",
  cell: (n) => `F.V[${n}]`,
  fromText: sparkFromText,
  mostBytes: 4 * 1_048_576,
  mergesDeletes: true,
})
