import type { Wire } from "../wire.ts"
import { printable, type Terminal } from "./terminal.ts"

export type Remedy = Wire["Remedy"]

/** The command that changes the connector that failed. */
export const changeOf = (connector: string): string => `jackfield connectors change ${shellWord(connector)}`

/**
 * Remedies for people: each says what to do and, on an indented line of its own, what to copy. `change` is the command that
 * changes the connector, or "" to print only its options; null if the fields cannot be given by options.
 */
export function remedyLines(terminal: Terminal, remedies: readonly Remedy[] | undefined, change: string | null): string[] {
  return (remedies ?? []).flatMap((remedy) => {
    const text = copied(remedy, change)
    return [terminal.dim(`→ ${printable(remedy.title)}${text === undefined ? "" : ":"}`), ...(text === undefined ? [] : [`  ${printable(text)}`])]
  })
}

function copied(remedy: Remedy, change: string | null): string | undefined {
  const { kind, sql, pointer = "", value, command } = remedy
  if (kind === "sql") return sql === undefined ? undefined : `${sql};`
  if (command !== undefined) return command
  if (change === null) return value
  const path = pointer.slice(1).split("/").map(unescaped).join(".")
  const with_ = (option: string): string => (change === "" ? option : `${change} ${option}`)
  switch (kind) {
    case "set_field":
      return with_(path === "tls.ca" ? `--set-file ${path}=FILE` : `--set ${shellWord(`${path}=${value ?? "…"}`)}`)
    case "trust_host_key":
      return with_(`--set ${shellWord(`${path}=${value ?? "…"}`)}`)
    case "enter_secret":
      return with_(`--secret ${shellWord(path)}`)
    case "upload":
      return "jackfield uploads add FILE"
    default:
      return undefined
  }
}

const unescaped = (segment: string): string => segment.replaceAll("~1", "/").replaceAll("~0", "~")

/** Quotes a word so that a POSIX shell takes it literally. */
export const shellWord = (word: string): string => (/^[\w./:@%+=,…-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
