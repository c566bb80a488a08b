import { type Command, InvalidArgumentError } from "commander"
import type { Leaf } from "./leaf.ts"

/** The commands for access and its history: workspaces, users, sessions, keys, audit. */
export function people(root: Command, leaf: Leaf): void {
  leaf(root, "whoami", "your identity, workspace and role on the hub", async () => (await import("./commands/sessions.ts")).whoami)
  workspaces(root, leaf)
  users(root, leaf)
  sessions(root, leaf)
  keys(root, leaf)
  audit(root, leaf)
}

function workspaces(root: Command, leaf: Leaf): void {
  const group = root.command("workspaces").description("workspaces; operators create, limit and remove them")
  const load = () => import("./commands/workspaces.ts")
  leaf(group, "list", "your workspaces; all workspaces for an operator", async () => (await load()).list)
  leaf(group, "show <workspace>", "one workspace and its plan", async () => (await load()).show)
  leaf(group, "create <name>", "create a workspace; its admin key is shown once", async () => (await load()).create).option(
    "--title <title>",
    "the displayed title",
  )
  leaf(group, "rename <workspace>", "change the name or title", async () => (await load()).rename)
    .option("--name <name>")
    .option("--title <title>")
  leaf(group, "plan <workspace>", "set the workspace's limits; `none` removes a limit", async () => (await load()).plan)
    .option("--http-connectors <n>", "maximum number of HTTP connectors", limit)
    .option("--rate-per-minute <n>", "maximum calls per minute of one connector", limit)
    .option("--concurrency <n>", "maximum concurrent calls of one connector", limit)
    .option("--upload-bytes <n>", "maximum size of all uploads together, in bytes", limit)
    .option("--versions <n>", "number of versions kept of each connector", limit)
    .option("--idempotency-keys <n>", "maximum number of Idempotency-Keys in any 24 hours", limit)
    .option("--kept-answer-bytes <n>", "maximum size of the answers kept for Idempotency-Keys, in bytes", limit)
    .option("--connectors <n>", "maximum number of connectors", limit)
    .option("--keys <n>", "maximum number of live API keys", limit)
    .option("--users <n>", "maximum number of users", limit)
    .option("--webhooks <n>", "maximum number of webhooks", limit)
    .option("--audit-entries <n>", "number of audit entries that are kept", limit)
    .option("--unread-answer-bytes <n>", "maximum size of the unread answers on one node, in bytes", limit)
    .option("--tests-per-minute <n>", "maximum tests started in any minute; `none` restores the hub's own limits", limit)
    .option("--tests-at-once <n>", "maximum concurrent tests", limit)
  leaf(group, "remove <workspace>", "remove a workspace and everything in it; --name must repeat its name", async () => (await load()).remove).requiredOption(
    "--name <name>",
    "the workspace's name, for confirmation",
  )
}

function users(root: Command, leaf: Leaf): void {
  const group = root.command("users").description("people who may log in")
  const load = () => import("./commands/users.ts")
  const password = (command: Command): Command =>
    command
      .option("--prompt", "ask for the password, hidden")
      .option("--password-env <variable>", "read it from the environment")
      .option("--password-file <file>", "read it from a file, - for stdin")
  leaf(group, "list", "the workspace's users", async () => (await load()).list)
    .option("--role <role>", "viewer, use, editor or admin")
    .option("--search <text>", "search in e-mail addresses and names")
  leaf(group, "show <user>", "one user, by e-mail address or id", async () => (await load()).show)
  password(
    leaf(group, "add <email>", "add a user to the workspace; generates a password and shows it once unless one is given", async () => (await load()).add)
      .option("--role <role>", "viewer, use, editor or admin", "viewer")
      .option("--name <name>", "the user's name")
      .option("--connectors <names>", "limits the user (viewer or use) to these connectors, separated by commas")
      .option("--labels <labels>", "limits the user to connectors with one of these labels: team:growth, separated by commas"),
  )
  leaf(group, "set-role <user> <role>", "change the role: viewer, use, editor or admin", async () => (await load()).setRole)
  leaf(group, "limit <user>", "limit a user (viewer or use) to connectors, or lift the limit", async () => (await load()).limit)
    .option("--connectors <names>", "these connectors, separated by commas")
    .option("--labels <labels>", "connectors with one of these labels: team:growth, separated by commas")
    .option("--none", "lift the limit")
  leaf(group, "rename <user> <name>", "change the user's name", async () => (await load()).rename)
  leaf(group, "disable <user>", "disable the login on the whole hub and end its sessions (operators)", async () => (await load()).disable)
  leaf(group, "enable <user>", "enable the login again (operators)", async () => (await load()).enable)
  leaf(group, "remove <user>", "remove a user from the workspace", async () => (await load()).remove).option("-y, --yes", "do not ask")
  leaf(group, "sessions <user>", "the user's sessions", async () => (await load()).sessions)
  leaf(group, "end-sessions <user>", "log a user out everywhere", async () => (await load()).endSessions)
  password(
    leaf(group, "reset-password <email>", "set a new password; generates one and shows it once unless one is given", async () => (await load()).resetPassword),
  )
}

function sessions(root: Command, leaf: Leaf): void {
  const group = root.command("sessions").description("your own logins (with a session's token as JACKFIELD_KEY)")
  const load = () => import("./commands/sessions.ts")
  leaf(group, "create <email>", "log in; the token is the only line on stdout", async () => (await load()).create)
    .option("--prompt", "ask for the password, hidden")
    .option("--password-env <variable>", "read it from the environment")
    .option("--password-file <file>", "read it from a file, - for stdin")
  leaf(group, "list", "your sessions", async () => (await load()).list)
  leaf(group, "end [session]", "log out, or end another of your sessions", async () => (await load()).end)
  leaf(group, "set-password", "change your own password", async () => (await load()).setPassword)
    .option("--current-env <variable>", "read the current one from the environment instead of asking")
    .option("--password-env <variable>", "read the new one from the environment instead of asking")
  leaf(group, "set-name <name>", "change your own name", async () => (await load()).setName)
}

function keys(root: Command, leaf: Leaf): void {
  const group = root.command("keys").description("API keys of the workspace")
  const load = () => import("./commands/keys.ts")
  leaf(group, "list", "the keys, without their values", async () => (await load()).list)
    .option("--status <status>", "live, expired, revoked or all")
    .option("--role <role>", "viewer, use, editor or admin")
    .option("--search <text>", "search in names")
  leaf(group, "show <key>", "one key, by id or name", async () => (await load()).show)
  leaf(group, "create", "create a key; it is shown once", async () => (await load()).create)
    .requiredOption("--name <name>", "the key's name")
    .option("--role <role>", "viewer, use, editor or admin", "viewer")
    .option("--connectors <names>", "limits the key (viewer or use) to these connectors, separated by commas")
    .option("--labels <labels>", "limits the key to connectors with one of these labels: team:growth, separated by commas")
    .option("--expires <when>", "after a time such as 90d or 12h, or at an ISO time")
    .option("--prefix <prefix>", "prefix of the key")
  leaf(group, "rename <key> <name>", "change a key's name", async () => (await load()).rename)
  leaf(group, "rotate <key>", "replace a key with a new one, shown once; the old one stays valid for a grace period", async () => (await load()).rotate).option(
    "--grace <time>",
    "grace period of the old key: 0, 30m, 12h, 7d",
    "1d",
  )
  leaf(group, "revoke <key>", "revoke a key, by id or name", async () => (await load()).revoke).option("-y, --yes", "do not ask")
}

function audit(root: Command, leaf: Leaf): void {
  const group = root.command("audit").description("the history of actions in the workspace")
  const load = () => import("./commands/audit.ts")
  leaf(group, "list", "the entries, newest first", async () => (await load()).list)
    .option("--actor <who>", "a key's or user's id, a user's e-mail address, or a key's name")
    .option("--action <action>", "connector.update, or connector.*")
    .option("--target <what>", "the target's id or name")
    .option("--from <time>", "ISO 8601 time with a zone; inclusive")
    .option("--to <time>", "ISO 8601 time with a zone; exclusive")
    .option("--limit <n>", "number of entries; 100 by default", count)
  leaf(group, "verify", "verify the chain; reports the first entry that was changed or is missing", async () => (await load()).verify)
    .option("--file <file>", "verify an export without the hub, - for stdin")
    .option("--seen <seq:hash>", "an earlier end of the chain, as printed by export and verify")
  leaf(group, "export", "every entry as NDJSON on stdout, oldest first; the last line is the end of the chain", async () => (await load()).write)
}

function limit(text: string): number | "none" {
  return text === "none" ? text : count(text)
}

function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, at least 1.")
  return Number(text)
}
