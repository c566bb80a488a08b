/** One step of a glob: a character, or a wildcard for any number of characters or for one. */
type Step = { readonly text: string } | { readonly any: "within a folder" | "across folders" | "one" }

export interface Glob {
  /** The common beginning of all matching paths. */
  readonly prefix: string
  matches(path: string): boolean
}

/**
 * A pattern of paths: `*` is any text within a folder, `**` any text across folders, `?` one character of a name, and
 * `**` followed by a slash also matches no folder at all. Matching always takes time in proportion to the path and the pattern.
 */
export function globOf(pattern: string): Glob {
  const steps = stepsOf(pattern)
  const prefix = pattern.slice(0, /[*?]/.exec(pattern)?.index ?? pattern.length)
  return { prefix, matches: (path) => path.startsWith(prefix) && matches(steps, path) }
}

function stepsOf(pattern: string): Step[] {
  return [...pattern.matchAll(/\*\*\/?|\*|\?|[^*?]/gsu)].flatMap(([text]): Step[] => {
    if (text === "**/") return [{ any: "across folders" }, { text: "/" }]
    if (text === "**") return [{ any: "across folders" }]
    return [text === "*" ? { any: "within a folder" } : text === "?" ? { any: "one" } : { text }]
  })
}

/** Follows all places in the pattern that the text so far can reach, all at the same time. */
function matches(steps: readonly Step[], path: string): boolean {
  let places = closed(steps, new Set([0]), true)
  for (const character of path) {
    const next = new Set<number>()
    for (const place of places) {
      const step = steps[place]
      if (step === undefined) continue
      if ("text" in step) {
        if (step.text === character) next.add(place + 1)
      } else if (step.any === "across folders" || character !== "/") next.add(step.any === "one" ? place + 1 : place)
    }
    places = closed(steps, next, character === "/")
    if (places.size === 0) return false
  }
  return places.has(steps.length)
}

/** Adds the places that are reached without a character: wildcards may match nothing, and so may `**` with its slash at the start of a name. */
function closed(steps: readonly Step[], places: Set<number>, nameStart: boolean): Set<number> {
  for (const place of places) {
    const step = steps[place]
    if (step === undefined || "text" in step || step.any === "one") continue
    places.add(place + 1)
    const next = steps[place + 1]
    if (nameStart && step.any === "across folders" && next !== undefined && "text" in next && next.text === "/") places.add(place + 2)
  }
  return places
}
