import { Command, CommanderError, InvalidArgumentError } from "commander"
import { didYouMean } from "../core/nearest.ts"
import { changes, described } from "./changes.ts"
import type { Cli } from "./cli.ts"
import { type CommandFacts, commandAt, factsOf } from "./command-tree.ts"
import type { AddOptions } from "./commands/add.ts"
import { completionScript, SHELLS } from "./completion.ts"
import { declared } from "./declared.ts"
import { asFailure, EXIT, EXIT_HELP, type Exit, Failure, usage } from "./failure.ts"
import { health } from "./health-commands.ts"
import type { Action, Leaf } from "./leaf.ts"
import { people } from "./people.ts"
import { problemLines } from "./report.ts"
import type { Shell } from "./shell.ts"
import { openTerminal } from "./terminal.ts"

/**
 * Runs one command line and returns the exit code; never throws. `undefined` means that a server was started and
 * keeps running.
 */
export async function runCli(shell: Shell, version: string): Promise<Exit | undefined> {
  const json = wantsJson(shell.argv)
  const outcome: { exit: Exit | undefined } = { exit: EXIT.ok }
  try {
    await program(shell, version, json, outcome).parseAsync([...shell.argv], { from: "user" })
    return outcome.exit
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    // A command group without a command: commander has already printed the help.
    if (error instanceof CommanderError && error.code === "commander.help") return EXIT.usage
    return complain(shell, json, error instanceof CommanderError ? usageOf(error) : asFailure(error))
  }
}

const wantsJson = (argv: readonly string[]): boolean => (argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv).includes("--json")

function complain(shell: Shell, json: boolean, failure: Failure): Exit {
  const terminal = openTerminal({ ...shell, stdout: shell.stderr }, json)
  if (json) shell.stderr.write(`${JSON.stringify({ type: "about:blank", title: "The command failed.", ...failure.problem })}\n`)
  else if (failure.exit === EXIT.interrupted) shell.stderr.write("\n")
  else for (const line of problemLines(terminal, failure.problem, failure.connector)) shell.stderr.write(`${line}\n`)
  return failure.exit
}

/**
 * Converts an error from commander to a usage failure, without the quoted words and values, because one may be a secret that
 * was passed by mistake.
 */
function usageOf(error: CommanderError): Failure {
  const text = error.message.replace(/^error: /, "")
  const [, meant] = /\n\(Did you mean (.*)\?\)$/s.exec(text) ?? []
  const said = text.replace(/\n\(Did you mean .*$/s, "")
  const words = error.code === "commander.excessArguments" ? said.replace(/(but got \d+).*$/s, "$1") : said.replace(/=[^']*'/, "=…'")
  if (meant !== undefined) return usage(`${words.charAt(0).toUpperCase()}${words.slice(1)}; did you mean ${meant}?`, "See --help.")
  return usage(`${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.?$/, ".")}`, "See --help.")
}

/** Whether the first argument of a command is the name of a connector. */
const concernsConnector = (command: unknown): boolean =>
  command instanceof Command && command.registeredArguments[0]?.name() === "name" && /^(connectors|credentials|checks)$/.test(command.parent?.name() ?? "")

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

function program(shell: Shell, version: string, json: boolean, outcome: { exit: Exit | undefined }): Command {
  const root = new Command("jackfield")
    .description("Register each of your systems once; test, browse and query it by name.")
    .version(version)
    // `connectors catalog --version 3` is an option of that command.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text),
      // Prints the help for a command group without a command; errors are printed once, by `complain`.
      writeErr: (text) => void shell.stderr.write(text),
      outputError: () => undefined,
    })
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText("afterAll", EXIT_HELP)

  function act<A extends unknown[]>(load: () => Promise<Action<A>>): (...args: unknown[]) => Promise<void> {
    let client: ReturnType<Cli["hub"]> | undefined
    const cli: Cli = {
      shell,
      terminal: openTerminal(shell, json),
      hub: () => {
        client ??= import("./hub-client.ts").then(({ connectHub }) => connectHub(shell))
        return client
      },
    }
    // commander adds the command itself as the last argument.
    return async (...args) => {
      try {
        outcome.exit = await (await load())(cli, ...(args.slice(0, -1) as A))
      } catch (error) {
        if (error instanceof Failure && typeof args[0] === "string" && concernsConnector(args.at(-1))) error.connector = args[0]
        throw error
      }
    }
  }

  const leaf = <A extends unknown[]>(parent: Command, signature: string, description: string, load: () => Promise<Action<A>>): Command =>
    parent
      .command(signature)
      .aliases([...(ALIASES[signature.split(" ")[0] ?? ""] ?? [])])
      .description(description)
      .option("--json", "print JSON, including errors")
      .action(act(load))

  root
    .command("help [command...]")
    .description("print the help for a command")
    .action((words: string[]) => {
      const found = commandAt(root, words)
      if (found === undefined)
        throw usage(
          `There is no command "${words.join(" ")}".${didYouMean(
            words.at(-1) ?? "",
            (commandAt(root, words.slice(0, -1)) ?? root).commands.map((each) => each.name()),
          )}`,
          "See `jackfield help`.",
        )
      found.outputHelp()
    })
  root
    .command("version")
    .description("print the version of this command")
    .action(() => void shell.stdout.write(`${version}\n`))
  root
    .command("completion <shell>")
    .description(`print the completion script for a shell: ${SHELLS.join(", ")}`)
    .action((name: string) => {
      const found = SHELLS.find((each) => each === name)
      if (found === undefined) throw usage(`There is no completion script for "${name}".`, `Choose ${SHELLS.join(", ")}.`)
      shell.stdout.write(completionScript(found, factsOf(root)))
    })

  root
    .command("serve")
    .description("start the hub (as `npm start` does)")
    .action(async () => {
      await import("../main.ts")
      outcome.exit = undefined
    })
  leaf(root, "check <url>", "test a system by its URL, without a hub", async () => (await import("./local/check.ts")).check)
    .option("--secret-file <file>", "file with the password, - for stdin (or JACKFIELD_CHECK_PASSWORD)")
    .option("--timeout <seconds>", "time limit, at most 30", "10")

  connectors(root, leaf)
  health(root, leaf)
  declared(root, leaf)
  egress(root, leaf)
  uploads(root, leaf)
  people(root, leaf)
  vault(root, leaf)
  backups(root, leaf)
  return root
}

/** Aliases for commands that have the same name in every group. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { list: ["ls"], show: ["get"], remove: ["rm", "delete"] }

/** Every command as data; nothing is run. */
export const commandFacts = (shell: Shell, version: string): CommandFacts[] => factsOf(program(shell, version, false, { exit: EXIT.ok }))

function connectors(root: Command, leaf: Leaf): void {
  const group = root.command("connectors").description("your systems, by name")
  const load = () => import("./commands/connectors.ts")
  leaf(group, "types [type]", "the connector types, or the fields of one", async () => (await load()).types)
  const add: Command = leaf(group, "add", "register a system; asks for missing values in a terminal", async () => {
    const { add: work, addHelp } = await import("./commands/add.ts")
    return (cli, options: AddOptions & { readonly help?: boolean }) =>
      options.help === true ? addHelp(cli, options, add.helpInformation()) : work(cli, options)
  })
  described(add)
    .helpOption(false)
    .option("-h, --help", "this help; with --type, the fields of the type too")
    .option("--type <type>", "connector type, see `connectors types`")
    .option("--name <name>", "the connector's name")
    .option("--config <file>", "config as JSON, - for stdin; --set overrides it")
    .option("--set <path=value>", "a field: host=…, tls.kind=verify, headers.0.name=…; may be repeated", collect)
    .option("--set-file <path=file>", "a field from a file, such as tls.ca=ca.pem", collect)
    .option("--secret <path>", "ask for a secret, hidden", collect)
    .option("--secret-env <path=variable>", "a secret from the environment", collect)
    .option("--secret-file <path=file>", "a secret from a file, - for stdin", collect)
    .option("--verify", "test first; store nothing if the test fails")
    .option("--draft", "store it even if required fields are missing")
    .option("--disable", "store it disabled")
  leaf(group, "list", "your connectors", async () => (await load()).list)
    .option("--type <type>")
    .option("--status <status>", "incomplete, untested, active, error or disabled")
    .option("--label <key=value>", "only connectors with this label")
    .option("--search <text>", "search in names, titles and descriptions")
  leaf(group, "show <name>", "one connector, secrets hidden", async () => (await load()).show)
  leaf(group, "test <name>", "test a connector, stage by stage", async () => (await load()).test).option("--timeout <seconds>", "time limit, at most 30")
  leaf(group, "catalog <name>", "the system's tables and columns, and those that were skipped", async () => (await import("./commands/catalog.ts")).catalog)
    .option("--search <text>", "only paths that contain this text")
    .option("--refresh", "discover again first")
    .option("--columns", "show every column")
    .option("--version <n>", "an older version, see `catalog versions`", wholeNumber)
    .option("--timeout <seconds>", "time limit of a discovery; 120 by default, at most 300")
  leaf(group, "query <name> <statement>", "run a read-only statement, - reads it from stdin", async () => (await import("./commands/query.ts")).query)
    .option("--param <value>", "a value for $1, $2, … in order; may be repeated", collect)
    .option("--max-rows <n>", "maximum number of rows", wholeNumber)
    .option("--dry-run", "run nothing; show what the statement would read, where the system says it")
    .option("--csv", "stream CSV")
    .option("--ndjson", "stream one JSON object per line")
    .option("--timeout <seconds>", "time limit of a statement, or of each batch of a stream; 30 by default, at most 300")
  leaf(
    group,
    "rows <name> <stream>",
    "read a table, file or list of records without SQL: schema.table, or a JSON array if a name contains a dot",
    async () => (await import("./commands/rows.ts")).rows,
  )
    .option("--columns <names>", "only these columns, in this order: id,total, or a JSON array")
    .option("--limit <n>", "maximum number of rows; 20 by default, all with --csv and --ndjson", wholeNumber)
    .option("--cursor <cursor>", "continue where an earlier read ended")
    .option("--csv", "stream all rows as CSV")
    .option("--ndjson", "stream all rows, one JSON object per line")
    .option("--skip-rejected", "with --csv: skip records that are not rows, instead of stopping")
    .option("--timeout <seconds>", "time limit of a page, or of each batch of a stream; 30 by default, at most 300")
  leaf(group, "call <name>", "send one request through an HTTP connector", async () => (await import("./commands/call.ts")).call)
    .option("--set <name=value>", "an input as text; may be repeated", collect)
    .option("--set-json <name=json>", "an input as JSON; may be repeated", collect)
    .option("--input <file>", "inputs as one JSON object, - for stdin; --set overrides it")
    .option("--dry-run", "send nothing; show the request, secrets hidden")
    .option("--ndjson", "stream the records of all pages, one JSON object per line")
    .option("--timeout <seconds>", "time limit, with --ndjson for each page; 30 by default, at most 300")
  leaf(group, "inputs <name>", "the inputs of a call", async () => (await import("./commands/call.ts")).inputs)
  changes(group, leaf)
  leaf(group, "remove <name>", "remove a connector and its secrets", async () => (await load()).remove).option("-y, --yes", "do not ask")
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, at least 1.")
  return Number(text)
}

function egress(root: Command, leaf: Leaf): void {
  const group = root.command("egress").description("private destinations that connectors may reach (operators)")
  const load = () => import("./commands/egress.ts")
  leaf(group, "list", "the rules and their sources", async () => (await load()).list)
  leaf(group, "allow <rule>", "allow cidr[:port[-port]], such as 10.0.0.0/8:5432", async () => (await load()).allow).option("--note <text>", "why")
  leaf(group, "deny <rule>", "remove a rule, by rule or id", async () => (await load()).deny)
}

function uploads(root: Command, leaf: Leaf): void {
  const group = root.command("uploads").description("files that connectors read")
  const load = () => import("./commands/uploads.ts")
  leaf(group, "add <file>", "upload a file, - for stdin; use its id as a connector's source.upload", async () => (await load()).add).option(
    "--name <name>",
    "the upload's name; by default the file's",
  )
  leaf(group, "list", "the workspace's files, and which connectors read them", async () => (await load()).list)
  leaf(group, "show <upload>", "one file, without its bytes, by id or name", async () => (await load()).show)
  leaf(group, "remove <upload>", "remove a file, by id or name, unless a connector reads it", async () => (await load()).remove).option(
    "-y, --yes",
    "do not ask",
  )
}

function vault(root: Command, leaf: Leaf): void {
  const group = root.command("vault").description("the keys that seal secrets (run on the hub's machine, with its environment)")
  const load = () => import("./local/vault.ts")
  leaf(group, "status", "the keys, with the number of values that each one seals", async () => (await load()).status)
  leaf(group, "prove", "open every key and every secret", async () => (await load()).prove)
  leaf(
    group,
    "rotate",
    "rotate keys while hubs are running, then prove that everything opens; continues an interrupted rotation",
    async () => (await load()).rotate,
  )
    .option("--master", "wrap all data keys with the current master key; old ones come from JACKFIELD_MASTER_KEY_PREVIOUS")
    .option("--data", "create new data keys for all workspaces, reseal every secret and remove the old keys")
}

function backups(root: Command, leaf: Leaf): void {
  const load = () => import("./local/backup.ts")
  leaf(root, "backup <file>", "write everything that the hub has stored to one new file, while it runs; secrets stay sealed", async () => (await load()).backup)
  leaf(root, "restore <file>", "restore a backup to a new hub that is not running, all or nothing", async () => (await load()).restore)
    .option("--replace", "replace everything that the hub has stored")
    .option("--check", "only check that the file is complete and that the master key opens it")
}
