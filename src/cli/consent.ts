import { usage } from "./failure.ts"
import type { Terminal } from "./terminal.ts"

/**
 * Whether a destructive action may proceed: yes with `--yes`, otherwise by the answer of the person at the terminal,
 * with a note if nothing was done. `doing` starts a sentence ("Removing a user"). Without a terminal it is a usage
 * failure.
 */
export async function agreed(terminal: Terminal, { yes }: ConsentOptions, doing: string, question: string): Promise<boolean> {
  if (yes === true) return true
  if (!terminal.interactive) throw usage(`${doing} needs a confirmation, but the input is not a terminal.`, "Add --yes.")
  if (await terminal.confirm(question)) return true
  terminal.note("Nothing was changed.")
  return false
}

/** The options of commands that ask before they act. */
export interface ConsentOptions {
  readonly yes?: boolean
}
