import type { Command } from "commander"
import type { Leaf } from "./leaf.ts"

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** The commands for scheduled checks, webhooks and catalog changes. */
export function health(root: Command, leaf: Leaf): void {
  const checks = root.command("checks").description("scheduled tests of connectors, and their results")
  const loadChecks = () => import("./commands/checks.ts")
  leaf(checks, "list", "every scheduled connector, up or down", async () => (await loadChecks()).list).option("--state <state>", "unknown, up or down")
  leaf(checks, "set <name>", "schedule tests of a connector", async () => (await loadChecks()).set)
    .requiredOption("--every <time>", "5m, 1h, 1d; at least one minute")
    .option("--timeout <seconds>", "time limit of a test, at most 30")
  leaf(checks, "show <name>", "a connector's schedule and state", async () => (await loadChecks()).show)
  leaf(checks, "history <name>", "the results of its checks", async () => (await loadChecks()).history).option(
    "--limit <n>",
    "number of results, at most 100",
    "20",
  )
  leaf(checks, "remove <name>", "remove the schedule", async () => (await loadChecks()).remove)

  const webhooks = root.command("webhooks").description("HTTP endpoints that receive events (admins)")
  const loadWebhooks = () => import("./commands/webhooks.ts")
  leaf(webhooks, "list", "the workspace's webhooks", async () => (await loadWebhooks()).list)
  leaf(webhooks, "add <url>", "add a webhook; its signing secret is shown once", async () => (await loadWebhooks()).add)
    .option("--event <type>", "connector.state_changed or catalog.changed; both by default", collect)
    .option("--description <text>")
  leaf(webhooks, "show <id>", "one webhook and its state", async () => (await loadWebhooks()).show)
  leaf(webhooks, "update <id>", "change a webhook", async () => (await loadWebhooks()).update)
    .option("--url <url>")
    .option("--event <type>", "replaces the current events; may be repeated", collect)
    .option("--description <text>")
    .option("--enable", "enable it, with its pending deliveries")
    .option("--disable", "disable it")
  leaf(webhooks, "remove <id>", "remove a webhook and its pending deliveries", async () => (await loadWebhooks()).remove).option("-y, --yes", "do not ask")
  leaf(webhooks, "ping <id>", "send a test event", async () => (await loadWebhooks()).ping)
  leaf(webhooks, "deliveries <id>", "sent and pending deliveries", async () => (await loadWebhooks()).deliveries).option(
    "--limit <n>",
    "number of deliveries, at most 100",
    "20",
  )
  leaf(webhooks, "redeliver <id> <delivery>", "send a delivery again", async () => (await loadWebhooks()).redeliver)

  const catalog = root.command("catalog").description("versions of catalogs, and the changes between them")
  const loadDiff = () => import("./commands/catalog-diff.ts")
  leaf(catalog, "versions <name>", "the stored versions", async () => (await loadDiff()).versions)
  leaf(catalog, "diff <name>", "the changes, breaking ones marked; by default from the previous version to the newest", async () => (await loadDiff()).diff)
    .option("--from <version>")
    .option("--to <version>")
    .option("--exit-code", "exit with 1 if a change is breaking")
}
