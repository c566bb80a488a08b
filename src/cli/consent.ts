import { usage } from "./failure.ts"
import type { Terminal } from "./terminal.ts"

/**
 * Whether what cannot be undone may be done: by `--yes`, else as the person there answers, who is told when nothing was done. `doing` begins a
 * sentence ("Removing a user"). Where nobody can be asked, it is a mistake of usage.
 */
export async function agreed(terminal: Terminal, { yes }: ConsentOptions, doing: string, question: string): Promise<boolean> {
  if (yes === true) return true
  if (!terminal.interactive) throw usage(`${doing} needs a yes, and nobody can be asked here.`, "Add --yes.")
  if (await terminal.confirm(question)) return true
  terminal.note("Nothing was changed.")
  return false
}

/** What commands take that ask before they act. */
export interface ConsentOptions {
  readonly yes?: boolean
}
