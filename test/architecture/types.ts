import { isTest, type Source, withoutComments } from "./sources.ts"

export const MOST_LINES_OF_A_TYPE = 250

/** A type that takes more lines so far, and why. The list only shrinks. */
export interface SizeWaiver {
  readonly type: string
  /** The lines of today. */
  readonly lines: number
  readonly reason: string
}

/** Types that share code so far, and why. The list only shrinks. */
export interface RunWaiver {
  readonly types: readonly [string, string]
  /** The number of the runs of today. */
  readonly runs: number
  readonly reason: string
}

/** The connector types, each with its own files: `src/connectors/<type>.ts` and `src/connectors/<type>/**`, tests left out. */
function typesOf(sources: readonly Source[]): Map<string, Source[]> {
  const types = new Map<string, Source[]>()
  for (const source of sources) {
    const name = /^src\/connectors\/([^/.]+)[/.]/.exec(source.path)?.[1]
    if (name === undefined || name === "shared" || name === "index" || isTest(source.path)) continue
    types.set(name, [...(types.get(name) ?? []), source])
  }
  return types
}

const linesOf = ({ text }: Source): number => text.split("\n").length - (text.endsWith("\n") ? 1 : 0)

/** A type takes at most 250 lines over all of its own files, or what its waiver says; a waiver of more lines than the type has is refused too. */
export function typeSizes(sources: readonly Source[], waivers: readonly SizeWaiver[]): string[] {
  const types = typesOf(sources)
  const unknown = waivers.filter(({ type }) => !types.has(type)).map(({ type }) => `The size waiver of ${type} is for no type; take it out.`)
  const wrong = [...types].flatMap(([type, files]) => {
    const lines = files.reduce((sum, file) => sum + linesOf(file), 0)
    const waiver = waivers.find((each) => each.type === type)
    const most = waiver?.lines ?? MOST_LINES_OF_A_TYPE
    if (lines > most)
      return [`${type} has ${lines} lines over all of its files; ${most} is the most, and what another type needs belongs in connectors/shared.`]
    if (waiver === undefined || (lines === most && lines > MOST_LINES_OF_A_TYPE)) return []
    return [`${type} has ${lines} lines, and its waiver allows ${most}; ${lines > MOST_LINES_OF_A_TYPE ? `set it to ${lines}` : "take it out"}.`]
  })
  return [...unknown, ...wrong]
}

/** A run of so many lines in two types is a copy. */
const RUN = 8

/** The lines that are compared, normalised: no comments, imports, blank lines and lone punctuation. */
const comparable = ({ text }: Source): string[] =>
  withoutComments(text)
    .replace(/^(import|export)\s[^"'`;=]*?from\s*["'][^"']+["']/gm, "")
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => /\w/.test(line))

/** No run of eight lines stands in two types. Waivers name the runs of today; one of more runs than there are is refused too. */
export function sharedRuns(sources: readonly Source[], waivers: readonly RunWaiver[]): string[] {
  const runs = new Map<string, { readonly type: string; readonly path: string; readonly end: number }[]>()
  for (const [type, files] of typesOf(sources))
    for (const file of files) {
      const lines = comparable(file)
      for (let end = RUN; end <= lines.length; end++) {
        const run = lines.slice(end - RUN, end).join("\n")
        runs.set(run, [...(runs.get(run) ?? []), { type, path: file.path, end }])
      }
    }
  const shared = new Map<string, string[]>()
  for (const [run, places] of runs)
    for (const [index, one] of places.entries())
      for (const other of places.slice(index + 1)) {
        if (one.type === other.type) continue
        const pair = [one.type, other.type].sort().join(" and ")
        const first = run.split("\n", 1)[0] ?? ""
        shared.set(pair, [...(shared.get(pair) ?? []), `${one.path} and ${other.path} share eight lines from \`${first}\`; move them to connectors/shared.`])
      }
  const nameOf = ({ types }: RunWaiver): string => [...types].sort().join(" and ")
  const stale = waivers
    .filter((waiver) => (shared.get(nameOf(waiver))?.length ?? 0) < waiver.runs)
    .map((waiver) => staleRun(waiver, shared.get(nameOf(waiver))?.length ?? 0))
  const wrong = [...shared].flatMap(([pair, found]) => (found.length <= (waivers.find((each) => nameOf(each) === pair)?.runs ?? 0) ? [] : found))
  return [...stale, ...wrong]
}

const staleRun = ({ types, runs }: RunWaiver, found: number): string =>
  `${types.join(" and ")} share ${found} runs, and their waiver allows ${runs}; ${found === 0 ? "take it out" : `set it to ${found}`}.`
