import type { HubClient } from "./hub-client.ts"
import type { Shell } from "./shell.ts"
import type { Terminal } from "./terminal.ts"

/** The context of every command. `hub` connects to the hub when it is first needed. */
export interface Cli {
  readonly shell: Shell
  readonly terminal: Terminal
  hub(): Promise<HubClient>
}
