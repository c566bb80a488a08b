import type { Command } from "commander"

/** One command as data, for help, completion and the reference. */
export interface CommandFacts {
  /** The words that call it: `["connectors", "add"]`; empty for the command itself. */
  readonly path: readonly string[]
  readonly aliases: readonly string[]
  readonly description: string
  /** Its arguments as usage shows them: `<name> [version]`. */
  readonly takes: string
  readonly options: readonly { readonly flags: string; readonly long: string; readonly description: string; readonly fallback?: string }[]
  /** The names of its commands, in order. */
  readonly commands: readonly string[]
}

/** A command and all below it, parents first. */
export function factsOf(command: Command, path: readonly string[] = []): CommandFacts[] {
  const commands = command.commands.filter((each) => each.name() !== "help")
  const own: CommandFacts = {
    path,
    aliases: command.aliases(),
    description: command.description(),
    takes: command.registeredArguments
      .map((each) => (each.required ? `<${each.name()}${each.variadic ? "..." : ""}>` : `[${each.name()}${each.variadic ? "..." : ""}]`))
      .join(" "),
    options: command.options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, long, short, description, defaultValue }) => ({
        flags,
        long: long ?? short ?? flags,
        description,
        ...(typeof defaultValue === "string" ? { fallback: defaultValue } : {}),
      })),
    commands: commands.map((each) => each.name()),
  }
  return [own, ...commands.flatMap((each) => factsOf(each, [...path, each.name()]))]
}

/** The command at that path, by names or aliases; undefined if a word names none. */
export function commandAt(root: Command, words: readonly string[]): Command | undefined {
  let command: Command | undefined = root
  for (const word of words) command = command?.commands.find((each) => each.name() === word || each.aliases().includes(word))
  return command
}
