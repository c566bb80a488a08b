import { createReadStream } from "node:fs"
import { resolve } from "node:path"
import type { Shell } from "../shell.ts"
import type { Entry, FileFault } from "./documents.ts"
import { VaultReader, vaultReference } from "./vault-reader.ts"

/** The result of a placeholder: a text, the request to keep a secret, or a problem. */
type Given = { readonly text: string } | { readonly keep: true } | { readonly fault: string }

/** An entry's value with its placeholders filled; `filled` are the pointers of the values that contained one. */
export interface Filled {
  readonly value: Readonly<Record<string, unknown>>
  readonly filled: ReadonlySet<string>
}

/** An escaped `${` (`$${`), a placeholder, or a placeholder that is never closed. */
const TOKEN = /\$\$\{|\$\{([^{}]*)\}|\$\{/g
const LARGEST = 1 << 20
/** The value that keeps the secret that the hub has stored: the mask in every response, which the hub never accepts as a value. */
const KEPT = { set: true }

/** Fills `${env:NAME}`, `${file:path}`, `${vault:path#field}` and `${keep}`; each source is read once. */
export class Placeholders {
  readonly #env: Shell["env"]
  readonly #vault: VaultReader
  readonly #files = new Map<string, Promise<Given>>()

  constructor(shell: Shell) {
    this.#env = shell.env
    this.#vault = new VaultReader(shell)
  }

  /** Fills the placeholders of an entry; each one that cannot be filled becomes a fault at its place. */
  async fill(entry: Entry, faults: FileFault[]): Promise<Filled> {
    const filled = new Set<string>()
    const walk = async (value: unknown, pointer: string): Promise<unknown> => {
      if (typeof value === "string") return this.#text(value, pointer, entry, filled, faults)
      if (Array.isArray(value)) return Promise.all(value.map((each, index) => walk(each, `${pointer}/${index}`)))
      if (value === null || typeof value !== "object") return value
      const parts = Object.entries(value).map(async ([name, each]) => [name, await walk(each, `${pointer}/${segment(name)}`)] as const)
      return Object.fromEntries(await Promise.all(parts))
    }
    return { value: (await walk(entry.value, "")) as Record<string, unknown>, filled }
  }

  async #text(text: string, pointer: string, entry: Entry, filled: Set<string>, faults: FileFault[]): Promise<unknown> {
    if (!text.includes("${")) return text
    let out = ""
    let at = 0
    for (const match of text.matchAll(TOKEN)) {
      out += text.slice(at, match.index)
      at = match.index + match[0].length
      if (match[0] === "$${") {
        out += "${"
        continue
      }
      const given = match[1] === undefined ? { fault: `has a \${ without a closing }; write $\${ for a literal \${.` } : await this.#give(match[1], entry)
      filled.add(pointer)
      if ("fault" in given) faults.push(entry.at(pointer, given.fault))
      else if ("text" in given) out += given.text
      else if (text === match[0]) return KEPT
      else faults.push(entry.at(pointer, `\${keep} must be the whole value.`))
    }
    return out + text.slice(at)
  }

  async #give(inside: string, entry: Entry): Promise<Given> {
    if (inside === "keep") return { keep: true }
    const colon = inside.indexOf(":")
    const rest = inside.slice(colon + 1)
    switch (colon > 0 ? inside.slice(0, colon) : "") {
      case "env":
        return this.#variable(rest)
      case "file":
        return this.#file(resolve(entry.source.folder, rest), rest)
      case "vault": {
        const reference = vaultReference(rest)
        return reference === undefined ? { fault: `must be \${vault:path#field}, such as \${vault:secret/shop#password}.` } : this.#vault.read(reference)
      }
      default:
        return {
          fault: `has a placeholder other than \${env:NAME}, \${file:path}, \${vault:path#field} and \${keep}; write $\${ for a literal \${.`,
        }
    }
  }

  #variable(name: string): Given {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { fault: `must be \${env:NAME}, with the name of a variable.` }
    const value = this.#env[name]
    return value === undefined ? { fault: `The environment has no ${name.slice(0, 200)}; export it first.` } : { text: value }
  }

  #file(path: string, shown: string): Promise<Given> {
    let found = this.#files.get(path)
    if (found === undefined) {
      found = beginning(path).then(
        (text): Given => {
          if (text.length > LARGEST) return { fault: `The file ${shown} is larger than 1 MiB.` }
          // Editors add a final line break to a single line; it is not part of the value.
          const line = text.replace(/\r?\n$/, "")
          return { text: line.includes("\n") ? text : line }
        },
        (error: unknown): Given => ({ fault: `The file ${shown} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unreadable"}).` }),
      )
      this.#files.set(path, found)
    }
    return found
  }
}

/**
 * Reads the text of a file, up to slightly more than the limit, because a file that another user names may be endless, such
 * as /dev/zero.
 */
async function beginning(path: string): Promise<string> {
  const pieces: Buffer[] = []
  // A character has at most three bytes for each of its code units.
  for await (const piece of createReadStream(path, { end: 3 * LARGEST })) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString("utf8")
}

/** Escapes a text so that it contains no placeholders. */
export const escapePlaceholders = (text: string): string => text.replaceAll("${", () => "$${")

const segment = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1")
