import { importsOf, isTest, type Source, target, under } from "./sources.ts"

/** Nodes by name, each with the names that it leads to. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** The files of src, tests left out, and the files of src that each imports; imports of types count. */
function filesOf(sources: readonly Source[]): Graph {
  const files = sources.filter(({ path }) => path.startsWith("src/") && !isTest(path))
  const known = new Set(files.map(({ path }) => path))
  return new Map(
    files.map((source) => [
      source.path,
      new Set(
        importsOf(source.text)
          .map((each) => target(source, each))
          .filter((to) => known.has(to) && to !== source.path),
      ),
    ]),
  )
}

const foldersOf = (path: string): string[] => path.split("/").flatMap((_, index, parts) => (index === 0 ? [] : [parts.slice(0, index).join("/")]))

/** The rooms of one folder, which are its files and sub-folders, and the rooms that the files of each import. */
function roomsOf(folder: string, files: Graph): Graph {
  const roomOf = (path: string): string | undefined =>
    path.startsWith(`${folder}/`) ? `${folder}/${path.slice(folder.length + 1).split("/", 1)[0] ?? ""}` : undefined
  const rooms = new Map<string, Set<string>>()
  for (const [from, targets] of files) {
    const mine = roomOf(from)
    if (mine === undefined) continue
    const leads = rooms.get(mine) ?? new Set<string>()
    rooms.set(mine, leads)
    for (const each of targets) {
      const theirs = roomOf(each)
      if (theirs !== undefined && theirs !== mine) leads.add(theirs)
    }
  }
  return rooms
}

/** The circles of a graph: sets of nodes that all lead to one another (Tarjan's strongly connected components, of two nodes or more). */
function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const path: string[] = []
  const found: string[][] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    low.set(node, order.get(node) ?? 0)
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (path.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0))
    }
    if (low.get(node) !== order.get(node)) return
    const circle = path.splice(path.indexOf(node))
    if (circle.length > 1) found.push(circle.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}

/** A folder, or a file, within which circles are left, and why. The list only shrinks. */
export interface CircleWaiver {
  readonly within: string
  readonly reason: string
}

/**
 * No file imports itself by way of others, and no two rooms of a folder import each other, by whatever way. Types count. A waiver
 * for a place without circles is refused too.
 */
export function circles(sources: readonly Source[], waivers: readonly CircleWaiver[]): string[] {
  const files = filesOf(sources)
  const folders = [...new Set([...files.keys()].flatMap(foldersOf))].sort()
  const all = [...circlesOf(files), ...folders.flatMap((folder) => circlesOf(roomsOf(folder, files)))]
  const waives = ({ within }: CircleWaiver, circle: readonly string[]): boolean => circle.every((path) => under(path, within))
  const stale = waivers.filter((waiver) => !all.some((circle) => waives(waiver, circle)))
  const wrong = all.filter((circle) => !waivers.some((waiver) => waives(waiver, circle)))
  return [
    ...stale.map(({ within }) => `There is no circle within ${within}; take its waiver out.`),
    ...new Set(wrong.map((circle) => `${circle.join(", ")} import one another in a circle.`)),
  ]
}

const FORMATS = "src/connectors/shared/files"

/** A format of files, a folder with a `format.ts`, reads a byte source; it must not know the store that the bytes come from. */
export function formatsKnowNoStore(sources: readonly Source[]): string[] {
  const files = filesOf(sources)
  const formats = [...files.keys()].filter((path) => path.endsWith("/format.ts") && path.startsWith(`${FORMATS}/`) && path !== `${FORMATS}/format.ts`)
  return formats.flatMap((format) => {
    const folder = format.slice(0, -"/format.ts".length)
    const seen = new Set([...files.keys()].filter((path) => path.startsWith(`${folder}/`)))
    for (const path of seen) for (const next of files.get(path) ?? []) seen.add(next)
    return seen.has(`${FORMATS}/store.ts`) ? [`${folder} imports ${FORMATS}/store.ts, if by way of others; a format reads a byte source.`] : []
  })
}
