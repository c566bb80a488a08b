import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

const fields = (command: Command): Command =>
  command
    .option("--config <file>", "fields as JSON, - for stdin; --set goes over it")
    .option("--set <path=value>", "a field: host=…, tls.kind=verify; may be repeated", collect)
    .option("--set-file <path=file>", "a field from a file, such as tls.ca=ca.pem", collect)
    .option("--secret <path>", "ask for a secret, hidden", collect)
    .option("--secret-env <path=variable>", "a secret from the environment", collect)
    .option("--secret-file <path=file>", "a secret from a file, - for stdin", collect)

/** What is said about a connector besides its config, for the commands that make and change one. */
export const described = (command: Command): Command =>
  command
    .option("--title <title>", "what people see")
    .option("--description <text>")
    .option("--label <key=value>", "may be repeated", collect)
    .option("--purpose <purpose>", "enrichment, exporter, simple, source, destination, or none")
    .option("--limit <name=n>", "requests=100, perMs=60000 (their window), concurrency=5; n may be none; may be repeated", collect)

/** The commands about what becomes of a connector: changes, versions, credentials. */
export function changes(group: Command, leaf: Leaf): void {
  const load = () => import("./commands/versions.ts")
  described(fields(leaf(group, "change <name>", "change what is named, and nothing else", async () => (await load()).change)))
    .option("--remove-label <key>", "may be repeated", collect)
    .option("--rename <name>", "another name")
    .option("--type <type>", "another connector type; begins with an empty config, without catalogs")
    .option("--enable", "switch it on again")
    .option("--disable", "switch it off")
    .option("--verify", "test first; change nothing when that fails")
    .option("--draft", "store it even if required fields are missing")
  leaf(group, "versions <name> [version]", "every change, newest first, or what one changed", async () => (await load()).versions)
  leaf(group, "restore <name> <version>", "bring config and secrets of a version back", async () => (await load()).restore)
  credentials(group.command("credentials").description("the next credentials beside the current ones"), leaf)
}

function credentials(group: Command, leaf: Leaf): void {
  const load = () => import("./commands/credentials.ts")
  leaf(group, "show <name>", "what is in each slot, secrets hidden", async () => (await load()).show)
  fields(leaf(group, "stage <name>", "enter the next ones; the current ones stay in use", async () => (await load()).stage))
  leaf(group, "test <name>", "test the connector with the staged ones", async () => (await load()).test).option(
    "--timeout <seconds>",
    "give up after, 10 unless given, at most 30",
  )
  leaf(group, "switch <name>", "make the staged ones the current ones", async () => (await load()).turn).option("--force", "although no test of them passed")
  leaf(group, "rollback <name>", "bring those of before the last switch back", async () => (await load()).rollback)
  leaf(group, "discard <name>", "throw the staged ones away", async () => (await load()).discard)
}
