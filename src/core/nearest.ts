/** The one of `names` that was probably meant: it differs in at most a third of its letters, case aside; undefined if none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const typed = word.toLowerCase().slice(0, 100)
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of names) {
    const distance = distanceOf(typed, name.toLowerCase())
    if (distance < least) [best, least] = [name, distance]
  }
  return best !== undefined && least <= Math.max(1, Math.floor(Math.max(typed.length, best.length) / 3)) ? best : undefined
}

/** ` Did you mean "mysql"?` with a leading blank, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const meant = nearest(word, names)
  return meant === undefined || meant === word ? "" : ` Did you mean "${meant}"?`
}

/** Letters to add, to drop, to change, or to exchange with their neighbour (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const cost = one[i - 1] === other[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost, swapped))
    }
    ;[before, last] = [last, row]
  }
  return last[other.length] ?? 0
}
