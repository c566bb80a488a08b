import { ExactNumber } from "../../../core/values.ts"

/** A value that is bound: a number, a text, a truth, or NULL. */
export type Dollar = string | number | boolean | ExactNumber | null

/** Constants, names and comments, in which a dollar is no parameter. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\d+)/g

/** A statement with its values in the places of `$1`, `$2`, …, as constants; for systems where a backslash in a constant is plain. */
export const inlined = (sql: string, params: readonly Dollar[]): string =>
  sql.replace(TOKEN, (token, n: string | undefined) => (n === undefined ? token : literal(params[Number(n) - 1] ?? null)))

function literal(value: Dollar): string {
  if (value === null || typeof value === "boolean") return String(value).toUpperCase()
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value)
}

/** Values as JSON: `[{"name":"$1","value":42}]`. */
export const namedDollars = (params: readonly Dollar[]): string =>
  `[${params.map((value, at) => `{"name":"$${at + 1}","value":${value instanceof ExactNumber ? value.digits : JSON.stringify(value)}}`).join(",")}]`
