import { readFile } from "node:fs/promises"
import { type Assignment, parseAssignment } from "./config-input.ts"
import { usage } from "./failure.ts"
import type { Shell } from "./shell.ts"
import type { Terminal } from "./terminal.ts"

/** The largest credential; a wrong path (a device, an archive) must not fill the memory. */
const LARGEST = 1 << 20

/** The text of a file, or of stdin for `-`. Editors add a final line break to a single line; it is removed. */
export async function readValue(shell: Shell, path: string, option: string): Promise<string> {
  const text = path === "-" ? await readStdin(shell) : await readText(path, option)
  if (text.length > LARGEST) throw usage(`${option}: ${path} is larger than 1 MiB.`, "Name a file that contains only the value.")
  const line = text.replace(/\r?\n$/, "")
  return line.includes("\n") ? text : line
}

/** The text of a file of the user; an unreadable file is a usage failure that names it. */
export async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unreadable"
    throw usage(`${option}: ${path} cannot be read (${code}).`, "Check the path and its permissions.")
  }
}

async function readStdin(shell: Shell): Promise<string> {
  if (shell.stdin.isTTY === true) throw usage("The value should come from stdin, but stdin is a terminal.", "Pipe it in, or use the option that prompts.")
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of shell.stdin) {
    const bytes = Buffer.from(piece as Uint8Array)
    length += bytes.length
    if (length > LARGEST) break
    pieces.push(bytes)
  }
  return Buffer.concat(pieces).toString("utf8")
}

/** The value of a variable that the user named; a missing one is a usage failure. */
export function readVariable(shell: Shell, name: string, option: string): string {
  const value = shell.env[name]
  if (value === undefined || value === "")
    throw usage(`${option}: the environment has no ${name.slice(0, 60)}.`, "Export it first; write option path=NAME, not the value itself.")
  return value
}

/** The options that set fields, as commander collects them. */
export interface FieldOptions {
  readonly set?: readonly string[]
  readonly setFile?: readonly string[]
  readonly secret?: readonly string[]
  readonly secretEnv?: readonly string[]
  readonly secretFile?: readonly string[]
}

/**
 * Every assignment of the options; `titleOf` returns the title of a secret for its prompt and rejects other fields.
 */
export async function readAssignments(shell: Shell, terminal: Terminal, options: FieldOptions, titleOf: (path: string) => string): Promise<Assignment[]> {
  const out: Assignment[] = (options.set ?? []).map((text) => ({ ...parseAssignment(text, "--set"), via: "plain" }))
  for (const text of options.setFile ?? []) {
    const { path, value } = parseAssignment(text, "--set-file")
    out.push({ path, value: await readValue(shell, value, "--set-file"), via: "plain" })
  }
  for (const text of options.secretEnv ?? []) {
    const { path, value } = parseAssignment(text, "--secret-env")
    out.push({ path, value: readVariable(shell, value, "--secret-env"), via: "secret" })
  }
  for (const text of options.secretFile ?? []) {
    const { path, value } = parseAssignment(text, "--secret-file")
    out.push({ path, value: await readValue(shell, value, "--secret-file"), via: "secret" })
  }
  for (const path of options.secret ?? []) {
    if (path.includes("="))
      throw usage(
        "--secret needs only the path of a field and asks for its value.",
        "Never write a secret as an argument; use --secret path, --secret-env path=VAR or --secret-file path=FILE.",
      )
    const title = titleOf(path)
    out.push({ path, value: await terminal.askSecret(`${title} (${path})`), via: "secret" })
  }
  return out
}
