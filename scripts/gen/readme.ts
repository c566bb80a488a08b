const BEGIN = "<!-- types: written by `npm run gen` -->"
const END = "<!-- end of types -->"

/** The README with `table` between its markers. Throws if a marker is missing. */
export function withTypes(readme: string, table: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`README.md must contain ${BEGIN} and, after it, ${END}; the table of types goes in between.`)
  return `${readme.slice(0, begin)}${BEGIN}\n\n${table}\n\n${readme.slice(end)}`
}
