/**
 * Implements JMESPath's `trim`, `trim_left` and `trim_right`. The library's own regular expressions take quadratic
 * time in the number of blanks.
 */
export function trimmed(text: string, characters: string | undefined, side: "left" | "right" | "both"): string {
  const named = characters ? new Set(characters) : undefined
  const goes = (character: string): boolean => named?.has(character) ?? /[\s\u0085]/.test(character)
  let [from, to] = [0, text.length]
  while (side !== "right" && from < to) {
    const character = String.fromCodePoint(text.codePointAt(from) ?? 0)
    if (!goes(character)) break
    from += character.length
  }
  while (side !== "left" && from < to) {
    // A character outside the Basic Multilingual Plane has two code units; the first one gives its code point.
    const pair = text.codePointAt(to - 2) ?? 0
    const character = to - from > 1 && pair > 0xffff ? String.fromCodePoint(pair) : (text[to - 1] ?? "")
    if (!goes(character)) break
    to -= character.length
  }
  return text.slice(from, to)
}
