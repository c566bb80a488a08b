import type { Command } from "commander"
import type { Cli } from "./cli.ts"
import type { Exit } from "./failure.ts"

/** A command's work, loaded when it is called so that `--help` stays quick. The last argument is its options. */
export type Action<A extends unknown[]> = (cli: Cli, ...args: A) => Promise<Exit>

/** Adds a command by its signature, its description and the way to load its work. */
export type Leaf = <A extends unknown[]>(parent: Command, signature: string, description: string, load: () => Promise<Action<A>>) => Command
