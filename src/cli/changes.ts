import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

const fields = (command: Command): Command =>
  command
    .option("--config <file>", "fields as JSON, - for stdin; --set overrides it")
    .option("--set <path=value>", "a field: host=…, tls.kind=verify; may be repeated", collect)
    .option("--set-file <path=file>", "a field from a file, such as tls.ca=ca.pem", collect)
    .option("--secret <path>", "ask for a secret, hidden", collect)
    .option("--secret-env <path=variable>", "a secret from the environment", collect)
    .option("--secret-file <path=file>", "a secret from a file, - for stdin", collect)

/** Adds the options that describe a connector apart from its config, for the commands that create and change one. */
export const described = (command: Command): Command =>
  command
    .option("--title <title>", "the displayed title")
    .option("--description <text>")
    .option("--label <key=value>", "may be repeated", collect)
    .option("--purpose <purpose>", "enrichment, exporter, simple, source, destination, or none")
    .option("--limit <name=n>", "requests=100, perMs=60000 (their window), concurrency=5; n may be none; may be repeated", collect)

/** The commands for changes, versions and credentials of connectors. */
export function changes(group: Command, leaf: Leaf): void {
  const load = () => import("./commands/versions.ts")
  described(fields(leaf(group, "change <name>", "change the given fields and nothing else", async () => (await load()).change)))
    .option("--remove-label <key>", "may be repeated", collect)
    .option("--rename <name>", "a new name")
    .option("--type <type>", "another connector type; starts with an empty config and no catalogs")
    .option("--enable", "enable it again")
    .option("--disable", "disable it")
    .option("--verify", "test first; change nothing if the test fails")
    .option("--draft", "store it even if required fields are missing")
  leaf(group, "versions <name> [version]", "every change, newest first, or the details of one", async () => (await load()).versions)
  leaf(group, "restore <name> <version>", "restore the config and secrets of a version", async () => (await load()).restore)
  credentials(group.command("credentials").description("the next credentials, alongside the current ones"), leaf)
}

function credentials(group: Command, leaf: Leaf): void {
  const load = () => import("./commands/credentials.ts")
  leaf(group, "show <name>", "the content of each slot, secrets hidden", async () => (await load()).show)
  fields(leaf(group, "stage <name>", "enter the next credentials; the current ones stay in use", async () => (await load()).stage))
  leaf(group, "test <name>", "test the connector with the staged credentials", async () => (await load()).test).option(
    "--timeout <seconds>",
    "time limit; 10 by default, at most 30",
  )
  leaf(group, "switch <name>", "make the staged credentials the current ones", async () => (await load()).turn).option(
    "--force",
    "even if no test of them has passed",
  )
  leaf(group, "rollback <name>", "return to the credentials before the last switch", async () => (await load()).rollback)
  leaf(group, "discard <name>", "discard the staged credentials", async () => (await load()).discard)
}
