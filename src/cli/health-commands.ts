import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** Scheduled checks, webhooks, and what changed in catalogs. */
export function health(root: Command, leaf: Leaf): void {
  const checks = root.command("checks").description("connectors that are tested by themselves, and their state")
  const loadChecks = () => import("./commands/checks.ts")
  leaf(checks, "list", "every scheduled connector, up or down", async () => (await loadChecks()).list).option("--state <state>", "unknown, up or down")
  leaf(checks, "set <name>", "test a connector by itself from now on", async () => (await loadChecks()).set)
    .requiredOption("--every <time>", "5m, 1h, 1d; a minute at least")
    .option("--timeout <seconds>", "give up after, at most 30")
  leaf(checks, "show <name>", "a connector's schedule and state", async () => (await loadChecks()).show)
  leaf(checks, "history <name>", "what its checks found", async () => (await loadChecks()).history).option("--limit <n>", "so many, at most 100", "20")
  leaf(checks, "remove <name>", "end the schedule", async () => (await loadChecks()).remove)

  const webhooks = root.command("webhooks").description("where events go (admins)")
  const loadWebhooks = () => import("./commands/webhooks.ts")
  leaf(webhooks, "list", "the workspace's webhooks", async () => (await loadWebhooks()).list)
  leaf(webhooks, "add <url>", "make one; its signing secret is shown once", async () => (await loadWebhooks()).add)
    .option("--event <type>", "connector.state_changed or catalog.changed; both unless given", collect)
    .option("--description <text>")
  leaf(webhooks, "show <id>", "one webhook, and whether it is on", async () => (await loadWebhooks()).show)
  leaf(webhooks, "update <id>", "change one", async () => (await loadWebhooks()).update)
    .option("--url <url>")
    .option("--event <type>", "instead of those it has; may be repeated", collect)
    .option("--description <text>")
    .option("--enable", "bring it back, with what still waited")
    .option("--disable", "switch it off")
  leaf(webhooks, "remove <id>", "forget one, and what it was still to be told", async () => (await loadWebhooks()).remove).option("-y, --yes", "do not ask")
  leaf(webhooks, "ping <id>", "send a test event", async () => (await loadWebhooks()).ping)
  leaf(webhooks, "deliveries <id>", "what was sent, and is to be", async () => (await loadWebhooks()).deliveries).option(
    "--limit <n>",
    "so many, at most 100",
    "20",
  )
  leaf(webhooks, "redeliver <id> <delivery>", "send a delivery again", async () => (await loadWebhooks()).redeliver)

  const catalog = root.command("catalog").description("versions of catalogs, and what changed between them")
  const loadDiff = () => import("./commands/catalog-diff.ts")
  leaf(catalog, "versions <name>", "the versions that are kept", async () => (await loadDiff()).versions)
  leaf(catalog, "diff <name>", "what changed, breaking changes marked; the newest version against the one before", async () => (await loadDiff()).diff)
    .option("--from <version>")
    .option("--to <version>")
    .option("--exit-code", "end with 1 when something breaks")
}
