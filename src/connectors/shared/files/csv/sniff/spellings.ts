import type { Guess } from "../../../../../core/streams.ts"
import type { Kind } from "../../kinds.ts"
import type { Fields } from "../shape.ts"
import { commonLook, type Look } from "./looks.ts"

/** The number of rows that are examined, and of columns that a guess names. */
const LOOKED_AT = 100
const NAMED = 5

const SPELLINGS: Readonly<Partial<Record<Look, string>>> = {
  date: "dates or times in a local format, where the order of day and month is uncertain",
  number: "numbers in a local format, where the meaning of points and commas is uncertain",
  boolean: "yes or no as words",
}

/**
 * Guesses for columns that stay text although all of their first values look like dates, numbers or yes and no: the hub does
 * not convert such values, because it would have to guess their meaning.
 */
export function spellingsOf(names: readonly string[], kinds: readonly (Kind | undefined)[], rows: readonly Fields[]): Guess[] {
  const found = new Map<Look, string[]>()
  for (const [index, name] of names.entries()) {
    if (kinds[index] !== "text") continue
    const values = rows.slice(0, LOOKED_AT).flatMap((fields) => fields[index] ?? [])
    const look = commonLook(values)
    if (look === undefined || SPELLINGS[look] === undefined || values.every(isCode)) continue
    found.set(look, [...(found.get(look) ?? []), `${name} (${values[0]})`])
  }
  return [...found].map(([look, columns]) => {
    const more = columns.length > NAMED ? ` and ${columns.length - NAMED} more` : ""
    const message = `Some columns stay text although they seem to hold ${SPELLINGS[look]}: ${columns.slice(0, NAMED).join(", ")}${more}. The types are a guess.`
    return { setting: "types", taken: "text", message }
  })
}

/** Whether a value has only digits: it is a code such as 00123, and so certainly text. */
const isCode = (value: string): boolean => /^\d+$/.test(value)
