import type { Wire } from "../../wire.ts"
import { type Page, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit } from "../failure.ts"
import { readValue, readVariable } from "../secret-input.ts"
import { facts, table } from "../table.ts"

export type Session = Wire["LiveSession"]
type Me = Wire["Me"]

export async function whoami({ terminal, hub }: Cli): Promise<Exit> {
  const me = await (await hub()).get<Me>("/v1/me")
  if (terminal.json) await terminal.document(me)
  else {
    const until = me.session?.expiresAt ?? me.key?.expiresAt
    const others = me.workspaces.filter(({ name }) => name !== me.workspace.name).map(({ name, role }) => `${name} (${role})`)
    const rows = [
      [me.kind === "key" ? "API key" : "login", me.key === null ? me.name : `${me.name} (${me.key.prefix}…)`],
      ["name", me.user?.name],
      ["role", `${me.role}${me.operator ? ", operator" : ""}`],
      ["workspace", me.workspace.name],
      ["also in", others.join(", ")],
      ["until", until === undefined || until === null ? undefined : when(until)],
    ] as const
    await terminal.write(facts(rows, terminal.dim))
  }
  return EXIT.ok
}

/** The source of a password. */
export interface PasswordOptions {
  readonly prompt?: boolean
  readonly passwordEnv?: string
  readonly passwordFile?: string
}

/** Logs in; the token is the only line on stdout, for use as JACKFIELD_KEY. */
export async function create({ shell, terminal, hub }: Cli, email: string, options: PasswordOptions): Promise<Exit> {
  const password =
    options.passwordEnv !== undefined
      ? readVariable(shell, options.passwordEnv, "--password-env")
      : options.passwordFile !== undefined
        ? await readValue(shell, options.passwordFile, "--password-file")
        : await terminal.askSecret("Password:")
  const made = await (await hub()).post<Wire["Session"]>("/v1/sessions", { email, password })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Logged in until ${when(made.expiresAt)}; set JACKFIELD_KEY to this token:`)
    await terminal.line(made.token)
  }
  return EXIT.ok
}

export async function list(cli: Cli): Promise<Exit> {
  return printSessions(cli, await readAll<Session>(await cli.hub(), "/v1/sessions"))
}

export async function printSessions({ terminal }: Cli, page: Page<Session>): Promise<Exit> {
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((each) => [
      when(each.createdAt),
      when(each.expiresAt),
      each.address ?? "-",
      each.agent ?? "-",
      each.current ? "this one" : "",
      each.id,
    ])
    await terminal.write(table(["SINCE", "UNTIL", "FROM", "CLIENT", "", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export async function end({ terminal, hub }: Cli, id: string | undefined): Promise<Exit> {
  await (await hub()).remove(id === undefined ? "/v1/sessions" : `/v1/sessions/${encodeURIComponent(id)}`)
  if (terminal.json) await terminal.document({ ended: id ?? "current" })
  else await terminal.line(id === undefined ? "Logged out." : `Ended the session ${id}.`)
  return EXIT.ok
}

export interface OwnPasswordOptions {
  readonly currentEnv?: string
  readonly passwordEnv?: string
}

export async function setPassword({ shell, terminal, hub }: Cli, options: OwnPasswordOptions): Promise<Exit> {
  const current = options.currentEnv === undefined ? await terminal.askSecret("Current password:") : readVariable(shell, options.currentEnv, "--current-env")
  const password = options.passwordEnv === undefined ? await terminal.askSecret("New password:") : readVariable(shell, options.passwordEnv, "--password-env")
  await (await hub()).post("/v1/me/password", { current, password })
  if (terminal.json) await terminal.document({ changed: true })
  else await terminal.line("Your password was changed; your other sessions have ended.")
  return EXIT.ok
}

export async function setName({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const me = await (await hub()).patch<Me>("/v1/me", { name })
  if (terminal.json) await terminal.document(me)
  else await terminal.line(`Your name is now ${me.user?.name}.`)
  return EXIT.ok
}
