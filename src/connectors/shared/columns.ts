/** A result's names, each once: one that comes again gets `_2`, `_3`, past those that are there already. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set(names)
  const used = new Set<string>()
  return names.map((given) => {
    let name = given
    for (let count = 2; used.has(name); count++) if (!taken.has(`${given}_${count}`)) name = `${given}_${count}`
    used.add(name)
    taken.add(name)
    return name
  })
}
