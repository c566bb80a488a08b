/** Hive's types that Trino spells otherwise (docs, Athena, Data types in Amazon Athena). */
const NAMES: Readonly<Record<string, string>> = {
  string: "varchar",
  int: "integer",
  float: "real",
  binary: "varbinary",
  decimal: "decimal(10,0)",
  timestamptz: "timestamp with time zone",
  "timestamp with local time zone": "timestamp with time zone",
}
const PLAIN = /^(boolean|tinyint|smallint|integer|bigint|real|double|date|varchar|varbinary|timestamp( with time zone)?|(varchar|char|decimal)\([\d, ]+\))$/
/** Deeper than any table that people make; the server decides the depth. */
const DEEPEST = 32

/** A type of a Hive metastore as statements spell it: `array<struct<a:int>>` is `array(row("a" integer))`. Undefined for a type that the engine cannot read. */
export function fromHive(type: string, depth = 0): string | undefined {
  const lower = type.trim().toLowerCase()
  const inner = /^(array|map|struct)<(.*)>$/s.exec(lower)
  if (inner === null) {
    const name = NAMES[lower] ?? lower
    return PLAIN.test(name) ? name.replaceAll(" ,", ",").replaceAll(", ", ",") : undefined
  }
  if (depth >= DEEPEST) return undefined
  const [, outer = "", within = ""] = inner
  const parts = parted(within).map((part) => {
    if (outer !== "struct") return fromHive(part, depth + 1)
    const colon = part.indexOf(":")
    const field = fromHive(part.slice(colon + 1), depth + 1)
    return colon < 0 || field === undefined ? undefined : `"${part.slice(0, colon).trim().replaceAll('"', '""')}" ${field}`
  })
  if (parts.includes(undefined) || (outer === "array" && parts.length !== 1) || (outer === "map" && parts.length !== 2)) return undefined
  return `${outer === "struct" ? "row" : outer}(${parts.join(",")})`
}

/** The parts between the commas that are in no brackets. */
function parted(text: string): string[] {
  const parts: string[] = [""]
  let open = 0
  for (const char of text) {
    if (char === "<" || char === "(") open++
    if (char === ">" || char === ")") open--
    if (char === "," && open === 0) parts.push("")
    else parts[parts.length - 1] += char
  }
  return parts
}
