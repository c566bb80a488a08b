import type { Guess } from "../../../../../core/streams.ts"
import type { Kind } from "../../kinds.ts"
import type { Fields } from "../shape.ts"
import { commonLook, type Look } from "./looks.ts"

/** Rows that are looked at, and columns that a guess names. */
const LOOKED_AT = 100
const NAMED = 5

const SPELLINGS: Readonly<Partial<Record<Look, string>>> = {
  date: "dates or times in a local spelling, in which the order of day and month is not certain",
  number: "numbers in a local spelling, in which the meaning of points and commas is not certain",
  boolean: "yes or no in words",
}

/**
 * Columns that stay text although all of their first values look like dates, numbers or yes and no: they are spelled in a way
 * that the hub does not convert, since it would have to guess.
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
    const message = `Columns stay text that seem to hold ${SPELLINGS[look]}: ${columns.slice(0, NAMED).join(", ")}${more}. The types are a guess.`
    return { setting: "types", taken: "text", message }
  })
}

/** Digits alone are a code such as 00123, which is a text for certain. */
const isCode = (value: string): boolean => /^\d+$/.test(value)
