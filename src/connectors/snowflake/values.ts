import { atOffset, epochDay, epochSeconds } from "../shared/sql/epoch.ts"
import { type TextTypeRow, textTypes } from "../shared/sql/text-types.ts"
import { hexIn, jsonIn, realIn, type TextReader, truthIn } from "../shared/sql/text-values.ts"

/** `1616173619.000000000 960`: the minutes are the zone's offset plus 1,440. */
const offset: TextReader = (text) => {
  const [, instant = "", minutes = ""] = /^(\S+) (\d{1,4})$/.exec(text) ?? []
  return atOffset(instant, Number(minutes) - 1_440)
}
const json = ["variant", "object", "map", "geography", "geometry"].map((name): TextTypeRow => ({ name, type: "json", nested: true, read: jsonIn }))

/** The types as `DESCRIBE TABLE` spells them, and the texts of their values (docs, SQL API, Handling responses). */
export const types = textTypes({
  product: "Snowflake",
  aliases: { fixed: "number", real: "float", text: "varchar" },
  rows: [
    { name: "number", type: "decimal", size: "digits", integers: 38 },
    { name: "decfloat", type: "decimal" },
    { name: "float", type: "float", bits: 64, read: realIn },
    { name: "varchar", type: "string", size: "length", unlimited: 16_777_216 },
    { name: "binary", type: "bytes", size: "length", unlimited: 8_388_608, read: hexIn },
    { name: "boolean", type: "boolean", read: truthIn },
    { name: "date", type: "date", read: epochDay },
    { name: "time", type: "time", size: "seconds", zoned: false, read: (text) => epochSeconds(text, "")?.replace(/^.*T/, "") },
    { name: "timestamp_ntz", type: "timestamp", size: "seconds", zoned: false, read: (text) => epochSeconds(text, "") },
    { name: "timestamp_ltz", type: "timestamp", size: "seconds", zoned: true, read: (text) => epochSeconds(text, "Z") },
    { name: "timestamp_tz", type: "timestamp", size: "seconds", zoned: true, read: offset },
    ...json,
    { name: "array", type: "array", nested: true, read: jsonIn },
    { name: "vector", type: "array", nested: true, read: jsonIn },
  ],
  next: (type) => `unset the user's ${type.toUpperCase()}_OUTPUT_FORMAT, or cast the column to text`,
})
