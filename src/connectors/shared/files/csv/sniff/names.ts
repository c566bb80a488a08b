import type { Fields } from "../shape.ts"

/** Unique names, none empty: an empty one becomes `column_3`, a second `name` becomes `name_2`. `warnings` says which names were changed. */
export function namesOf(header: Fields, width: number): { names: string[]; warnings: string[] } {
  const taken = new Set(header.map((name) => name?.trim() ?? ""))
  const used = new Set<string>()
  // The next number to try for each name, so that a name that occurs ten thousand times does not start at 2 each time.
  const counts = new Map<string, number>()
  const warnings: string[] = []
  const names = Array.from({ length: width }, (_, index) => {
    const given = (header[index] ?? "").trim()
    const wanted = given === "" ? `column_${index + 1}` : given
    let name = wanted
    let count = counts.get(wanted) ?? 2
    while (used.has(name) || (name !== given && taken.has(name))) name = `${wanted}_${count++}`
    counts.set(wanted, count)
    used.add(name)
    if (header.length > 0 && name !== given)
      warnings.push(
        given === ""
          ? `Column ${index + 1} has no name; it is called ${name}.`
          : `The column name ${given} occurs more than once; this column is called ${name}.`,
      )
    return name
  })
  return { names, warnings }
}
