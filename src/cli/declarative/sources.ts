import { readdir, readFile, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { usage } from "../failure.ts"
import type { Shell } from "../shell.ts"

/** A file of connectors: its name in messages, its text, and the folder to which `${file:…}` paths are relative. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly folder: string
}

const LARGEST = 10 << 20
const MOST_FILES = 1_000

/**
 * Reads the sources that `-f` names: files, folders (their `.yaml`, `.yml` and `.json` files, by name, without
 * subfolders), and `-` for stdin.
 */
export async function readSources(shell: Shell, paths: readonly string[]): Promise<Source[]> {
  if (paths.filter((path) => path === "-").length > 1) throw usage("-f: stdin can be read only once.")
  const files: string[] = []
  for (const path of paths) files.push(...(path === "-" ? ["-"] : await filesAt(path)))
  const sources: Source[] = []
  for (const file of [...new Set(files)]) sources.push(file === "-" ? { file: "<stdin>", text: await readStdin(shell), folder: "." } : await readSource(file))
  return sources
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
    if (names.length === 0) throw usage(`-f: the folder ${path} contains no .yaml, .yml or .json file.`)
    if (names.length > MOST_FILES) throw usage(`-f: the folder ${path} contains more than ${MOST_FILES} files.`)
    return names.map((name) => join(path, name))
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function readSource(file: string): Promise<Source> {
  try {
    if ((await stat(file)).size > LARGEST) throw tooLarge(file)
    return { file, text: decode(file, await readFile(file)), folder: dirname(file) }
  } catch (error) {
    throw unreadable(file, error)
  }
}

async function readStdin(shell: Shell): Promise<string> {
  if (shell.stdin.isTTY === true) throw usage("-f -: the connectors should come from stdin, but stdin is a terminal.", "Pipe them in, or name a file.")
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of shell.stdin) {
    const bytes = Buffer.from(piece as Uint8Array)
    length += bytes.length
    if (length > LARGEST) throw tooLarge("stdin")
    pieces.push(bytes)
  }
  return decode("stdin", Buffer.concat(pieces))
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw usage(`-f: ${file} is not UTF-8 text.`)
  }
}

const tooLarge = (file: string): Error => usage(`-f: ${file} is larger than 10 MB.`, "Split it into several files; -f accepts a folder.")

function unreadable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === "string" && "syscall" in (error as object)
    ? usage(`-f: ${path} cannot be read (${code}).`, "Check the path and its permissions.")
    : error
}
