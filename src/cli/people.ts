import { type Command, InvalidArgumentError } from "commander"
import type { Leaf } from "./leaf.ts"

/** The commands about who may do what, and who did: workspaces, users, sessions, keys, audit. */
export function people(root: Command, leaf: Leaf): void {
  leaf(root, "whoami", "who the hub takes you for, in which workspace and role", async () => (await import("./commands/sessions.ts")).whoami)
  workspaces(root, leaf)
  users(root, leaf)
  sessions(root, leaf)
  keys(root, leaf)
  audit(root, leaf)
}

function workspaces(root: Command, leaf: Leaf): void {
  const group = root.command("workspaces").description("workspaces; operators make, limit and remove them")
  const load = () => import("./commands/workspaces.ts")
  leaf(group, "list", "yours; all of them for an operator", async () => (await load()).list)
  leaf(group, "show <workspace>", "one workspace and its plan", async () => (await load()).show)
  leaf(group, "create <name>", "make a workspace; its admin key is shown once", async () => (await load()).create).option("--title <title>", "what people see")
  leaf(group, "rename <workspace>", "another name or title", async () => (await load()).rename)
    .option("--name <name>")
    .option("--title <title>")
  leaf(group, "plan <workspace>", "what it may have at most; `none` lifts a limit", async () => (await load()).plan)
    .option("--http-connectors <n>", "HTTP connectors in all", limit)
    .option("--rate-per-minute <n>", "calls per minute of one connector", limit)
    .option("--concurrency <n>", "open calls at once of one connector", limit)
    .option("--upload-bytes <n>", "bytes of all uploads together", limit)
    .option("--tests-per-minute <n>", "tests started in any minute; `none` is the hub's own limits again", limit)
    .option("--tests-at-once <n>", "tests open at once", limit)
  leaf(group, "remove <workspace>", "remove it with all that is in it; --name must repeat its name", async () => (await load()).remove).requiredOption(
    "--name <name>",
    "its name once more",
  )
}

function users(root: Command, leaf: Leaf): void {
  const group = root.command("users").description("who may log in")
  const load = () => import("./commands/users.ts")
  const password = (command: Command): Command =>
    command
      .option("--prompt", "ask for it, hidden")
      .option("--password-env <variable>", "take it from the environment")
      .option("--password-file <file>", "take it from a file, - for stdin")
  leaf(group, "list", "the workspace's users", async () => (await load()).list)
    .option("--role <role>", "viewer, editor or admin")
    .option("--search <text>", "in e-mail and name")
  leaf(group, "show <user>", "one user, by e-mail or id", async () => (await load()).show)
  password(
    leaf(group, "add <email>", "add somebody to the workspace; a password is made and shown once unless you give it", async () => (await load()).add)
      .option("--role <role>", "viewer, editor or admin", "viewer")
      .option("--name <name>", "what they are called"),
  )
  leaf(group, "set-role <user> <role>", "viewer, editor or admin", async () => (await load()).setRole)
  leaf(group, "rename <user> <name>", "what they are called", async () => (await load()).rename)
  leaf(group, "disable <user>", "refuse the login on the whole hub and end its sessions (operators)", async () => (await load()).disable)
  leaf(group, "enable <user>", "let the login in again (operators)", async () => (await load()).enable)
  leaf(group, "remove <user>", "take somebody out of the workspace", async () => (await load()).remove).option("-y, --yes", "do not ask")
  leaf(group, "sessions <user>", "where somebody is logged in", async () => (await load()).sessions)
  leaf(group, "end-sessions <user>", "log somebody out everywhere", async () => (await load()).endSessions)
  password(
    leaf(
      group,
      "reset-password <email>",
      "give a user a new password; one is made and shown once unless you give it",
      async () => (await load()).resetPassword,
    ),
  )
}

function sessions(root: Command, leaf: Leaf): void {
  const group = root.command("sessions").description("your own logins (with a session's token as JACKFIELD_KEY)")
  const load = () => import("./commands/sessions.ts")
  leaf(group, "create <email>", "log in; the token is the one line on stdout", async () => (await load()).create)
    .option("--prompt", "ask for the password, hidden")
    .option("--password-env <variable>", "take it from the environment")
    .option("--password-file <file>", "take it from a file, - for stdin")
  leaf(group, "list", "where you are logged in", async () => (await load()).list)
  leaf(group, "end [session]", "log out, or end another of your sessions", async () => (await load()).end)
  leaf(group, "set-password", "change your own password", async () => (await load()).setPassword)
    .option("--current-env <variable>", "the current one from the environment; else it is asked for")
    .option("--password-env <variable>", "the new one from the environment; else it is asked for")
  leaf(group, "set-name <name>", "change what you are called", async () => (await load()).setName)
}

function keys(root: Command, leaf: Leaf): void {
  const group = root.command("keys").description("API keys of the workspace")
  const load = () => import("./commands/keys.ts")
  leaf(group, "list", "the keys, without their values", async () => (await load()).list)
    .option("--status <status>", "live, expired, revoked or all")
    .option("--role <role>", "viewer, editor or admin")
    .option("--search <text>", "in names")
  leaf(group, "show <key>", "one key, by id or name", async () => (await load()).show)
  leaf(group, "create", "make a key; it is shown once", async () => (await load()).create)
    .requiredOption("--name <name>", "what it is for")
    .option("--role <role>", "viewer, editor or admin", "viewer")
    .option("--expires <when>", "after 90d, 12h, or at an ISO time")
    .option("--prefix <prefix>", "what the key begins with")
  leaf(group, "rename <key> <name>", "what it is for", async () => (await load()).rename)
  leaf(group, "rotate <key>", "make a new key in its place, shown once; the old one ends after a while", async () => (await load()).rotate).option(
    "--grace <time>",
    "how long the old one goes on: 0, 30m, 12h, 7d",
    "1d",
  )
  leaf(group, "revoke <key>", "end a key, by id or name", async () => (await load()).revoke).option("-y, --yes", "do not ask")
}

function audit(root: Command, leaf: Leaf): void {
  const group = root.command("audit").description("who did what in the workspace")
  const load = () => import("./commands/audit.ts")
  leaf(group, "list", "the newest first", async () => (await load()).list)
    .option("--actor <who>", "id, e-mail or name of a key")
    .option("--action <action>", "connector.update, or connector.*")
    .option("--target <what>", "id or name")
    .option("--from <time>", "ISO 8601 with a zone; inclusive")
    .option("--to <time>", "ISO 8601 with a zone; exclusive")
    .option("--limit <n>", "how many, 100 unless given", count)
  leaf(group, "verify", "walk the chain, and name the first entry that was changed or is missing", async () => (await load()).verify)
    .option("--file <file>", "an export instead of the hub, - for stdin; no hub is asked")
    .option("--seen <seq:hash>", "an end of the chain that was noted earlier, as export and verify print it")
  leaf(group, "export", "every entry as NDJSON on stdout, the oldest first; the last line says where the chain ends", async () => (await load()).write)
}

function limit(text: string): number | "none" {
  return text === "none" ? text : count(text)
}

function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, at least 1.")
  return Number(text)
}
