import type { Column } from "../../../../core/values.ts"
import { splitArguments, unescaped } from "./native.ts"

/** The columns that lead a sorting key, up to the first expression or the first column that may be NULL, and whether that is all of it. */
export function sortingKey(sorting: string, columns: readonly Column[]): { readonly key: readonly string[]; readonly whole: boolean } {
  // A single column may keep its parentheses.
  const parts = splitArguments(/^\(.*\)$/s.test(sorting) ? sorting.slice(1, -1) : sorting)
  const names = parts.map((part) => (part.startsWith("`") ? unescaped(part.slice(1, -1)) : part))
  const end = names.findIndex((name) => !columns.some((column) => column.name === name && !column.nullable))
  return end < 0 ? { key: names, whole: true } : { key: names.slice(0, end), whole: false }
}
