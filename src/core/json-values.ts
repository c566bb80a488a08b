const [SPACE, QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = [32, 34, 92, 44, 91, 123]

/**
 * Whether a list or object in JSON holds more values than that, by its commas and brackets outside of strings: in
 * memory, a value of two characters takes many times as much. An empty list or object inside it counts twice. Whether
 * the bytes (UTF-8) are valid JSON is for the parser to say.
 */
export function holdsMoreValues(json: Uint8Array, most: number): boolean {
  // Each value but the first comes after a comma, or is the first in a list or object.
  if (json.length / 2 <= most) return false
  let first = 0
  while (first < json.length && (json[first] as number) <= SPACE) first++
  if (json[first] !== BRACKET && json[first] !== BRACE) return false
  let values = 0
  for (let at = first; at < json.length; at++) {
    const code = json[at]
    if (code === QUOTE) for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++
    if (code === COMMA || code === BRACKET || code === BRACE) values++
  }
  return values > most
}
