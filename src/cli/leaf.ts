import type { Command } from "commander"
import type { Cli } from "./cli.ts"
import type { Exit } from "./failure.ts"

/** The work of a command, loaded when it is called so that `--help` stays fast. The last argument is its options. */
export type Action<A extends unknown[]> = (cli: Cli, ...args: A) => Promise<Exit>

/** Adds a command: its signature, its description, and the loader of its work. */
export type Leaf = <A extends unknown[]>(parent: Command, signature: string, description: string, load: () => Promise<Action<A>>) => Command
