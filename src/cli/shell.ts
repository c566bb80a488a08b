import type { Readable, Writable } from "node:stream"

/** The parts of the process that the command line uses; read once, in main.ts. */
export interface Shell {
  /** The arguments after the program's name. */
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}
