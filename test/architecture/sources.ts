import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Source {
  /** From the root of the project, with `/`. */
  readonly path: string
  readonly text: string
}

export interface Import {
  readonly from: string
  readonly kind: "value" | "type" | "dynamic"
}

/** The text without its comments. */
export const withoutComments = (text: string): string =>
  text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|(?<!\\)\/\/[^\n]*/g, (piece) => (piece.startsWith("/") ? "" : piece))

/** The text without comments, and with nothing between its quotes. */
export const codeOf = (text: string): string => withoutComments(text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')

/** The modules that a text imports, by whatever kind of import. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const found: Import[] = []
  for (const [, , type, from = ""] of code.matchAll(/^\s*(import|export)\s+(type\s)?[^"'`;=]*?from\s*["']([^"']+)["']/gm))
    found.push({ from, kind: type === undefined ? "value" : "type" })
  for (const [, from = ""] of code.matchAll(/^\s*import\s*["']([^"']+)["']/gm)) found.push({ from, kind: "value" })
  // `typeof import("pg")` and `import("pg").Client` load nothing where a type stands, but `import type` says the same better.
  for (const [, from = ""] of code.matchAll(/\bimport\(\s*["']([^"']+)["']/g)) found.push({ from, kind: "dynamic" })
  return found
}

/** `src/net/door.ts` for `../net/door.ts` in `src/hub/x.ts`; the name of a package or of a module of Node as it is. */
export const target = (source: Source, each: Import): string =>
  each.from.startsWith(".") ? relative(ROOT, join(ROOT, dirname(source.path), each.from)).replaceAll("\\", "/") : each.from

export const isTest = (path: string): boolean => path.endsWith(".test.ts")
export const under = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** The sources in a folder of the project. */
export const read = (folder: string): Source[] =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|mjs|js)$/.test(entry.name))
        .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
        .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }))
    : []
