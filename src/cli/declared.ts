import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** The commands that keep connectors in files: apply, plan, export. */
export function declared(root: Command, leaf: Leaf): void {
  const load = () => import("./commands/apply.ts")
  const files = (command: Command): Command =>
    command
      .option("-f, --file <path>", "a YAML file, a folder of them, or - for stdin; may be repeated", collect)
      .option("--prune", "remove what has the files' owner and is in none of them any more")
      .option("--allow-plain", "take secrets that stand in a file in plain text")
      .option("--take-over", "change connectors that belong to another owner")
      .option("--detailed-exitcode", "end with 6 when something changes, 0 when nothing does")
  files(leaf(root, "plan", "show what files of connectors would change", async () => (await load()).plan))
  files(leaf(root, "apply", "make the hub's connectors what files say", async () => (await load()).apply))
    .option("--dry-run", "show the plan alone, as `plan` does")
    .option("--verify", "test each connector before it is stored; one that fails is not")
    .option("-y, --yes", "do not ask")
  leaf(
    root,
    "export [names...]",
    "print connectors as a file that `apply` takes, secrets as placeholders",
    async () => (await import("./commands/export.ts")).exportConnectors,
  )
    .option("--type <type>", "only those of this type")
    .option("--label <key=value>", "only those with this label")
    .option("--placeholders <kind>", "where secrets come from: env, file, vault or keep", "env")
    .option("--prefix <text>", "what the placeholders' names begin with")
}
