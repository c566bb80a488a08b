import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** The commands for connectors in files: apply, plan, export. */
export function declared(root: Command, leaf: Leaf): void {
  const load = () => import("./commands/apply.ts")
  const files = (command: Command): Command =>
    command
      .option("-f, --file <path>", "a YAML file, a folder of them, or - for stdin; may be repeated", collect)
      .option("--prune", "remove connectors of the files' owner that are no longer in any file")
      .option("--allow-plain", "accept secrets in plain text")
      .option("--take-over", "change connectors that belong to another owner")
      .option("--detailed-exitcode", "exit with 6 if something changes, 0 if nothing does")
  files(leaf(root, "plan", "show the changes that files of connectors would make", async () => (await load()).plan))
  files(leaf(root, "apply", "make the hub's connectors match the files", async () => (await load()).apply))
    .option("--dry-run", "only show the plan, as `plan` does")
    .option("--verify", "test each connector before it is stored; do not store one that fails")
    .option("-y, --yes", "do not ask")
  leaf(
    root,
    "export [names...]",
    "print connectors as a file for `apply`, secrets as placeholders",
    async () => (await import("./commands/export.ts")).exportConnectors,
  )
    .option("--type <type>", "only those of this type")
    .option("--label <key=value>", "only those with this label")
    .option("--placeholders <kind>", "the source of secrets: env, file, vault or keep", "env")
    .option("--prefix <text>", "prefix of the placeholders' names")
}
