import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { connectors } from "../src/connectors/index.ts"
import type { Line } from "./measure.ts"

const ROOT = fileURLToPath(new URL("..", import.meta.url))

type Modules = Readonly<Record<string, number>>

/** What the list of all types loads, and what the first use of each type loads beyond it: modules, and the size of their packages on the disk. */
export async function sizes(): Promise<Line[]> {
  const found = connectors.map(({ type }) => {
    const said = execFileSync(process.execPath, [join(ROOT, "bench/sizes-child.ts"), type], { cwd: ROOT, encoding: "utf8" })
    return { type, ...(JSON.parse(said.trim().split("\n").at(-1) ?? "") as { before: Modules; added: Modules }) }
  })
  const before = found[0]?.before ?? {}
  return [
    { ...lineOf("the list of all types and the HTTP client: modules of packages", before), ratio: `and ${before[""] ?? 0} of the hub's own` },
    ...found.map(({ type, added }) => lineOf(`first use of ${type}: further modules of packages`, added)),
  ]
}

function lineOf(what: string, modules: Modules): Line {
  const packages = Object.keys(modules).filter((name) => name !== "")
  const bytes = [...installed(packages)].reduce((sum, name) => sum + sizeOf(join(ROOT, "node_modules", name)), 0)
  const against = packages.length === 0 ? "no package" : `${(bytes / 1e6).toFixed(1)} MB installed: ${packages.toSorted().join(", ")}`
  return { what, ours: String(packages.reduce((sum, name) => sum + (modules[name] ?? 0), 0)), against, ratio: "" }
}

/** The packages and all that they depend on, as far as they lie at the top of the folder. */
function installed(names: readonly string[], seen = new Set<string>()): Set<string> {
  for (const name of names) {
    if (seen.has(name)) continue
    const { dependencies = {} } = manifestOf(name)
    if (manifestOf(name) !== NONE) installed(Object.keys(dependencies), seen.add(name))
  }
  return seen
}

const NONE: { readonly dependencies?: Readonly<Record<string, string>> } = {}

function manifestOf(name: string): typeof NONE {
  try {
    return JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as typeof NONE
  } catch (error) {
    // It lies below the package that needs it, and counts there.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NONE
    throw error
  }
}

const sizeOf = (path: string): number =>
  statSync(path).isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : statSync(path).size
