/**
 * A number or a time without the zeros that end its fraction, and without a point that then ends it: `1.50` is `1.5`, `1.` is `1`. Not by a regular
 * expression: a far side's text may hold a million zeros, and from each it would look for the end.
 */
export function withoutZeros(text: string): string {
  const point = text.lastIndexOf(".")
  if (point < 0 || /\D/.test(text.slice(point + 1))) return text
  let end = text.length
  while (text[end - 1] === "0") end--
  return text.slice(0, text[end - 1] === "." ? end - 1 : end)
}
