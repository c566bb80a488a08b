import type { Wire } from "../../wire.ts"
import { readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { agreed, type ConsentOptions } from "../consent.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { limitOf, type ScopeOptions, scopeIn } from "../scope.ts"
import { readValue, readVariable } from "../secret-input.ts"
import { facts, table } from "../table.ts"
import { type PasswordOptions, printSessions, type Session } from "./sessions.ts"

type User = Wire["User"]

const pathOf = (ref: string, rest = ""): string => `/v1/users/${encodeURIComponent(ref)}${rest}`

export async function list({ terminal, hub }: Cli, { role, search }: { readonly role?: string; readonly search?: string }): Promise<Exit> {
  const page = await readAll<User>(await hub(), "/v1/users", { role, q: search })
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((user) => [
      user.email,
      user.name === user.email ? "" : user.name,
      `${user.role}${user.disabledAt === null ? "" : ", disabled"}`,
      when(user.createdAt),
      when(user.lastLoginAt),
      user.id,
    ])
    await terminal.write(table(["E-MAIL", "NAME", "ROLE", "SINCE", "LOGIN", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export async function show(cli: Cli, ref: string): Promise<Exit> {
  return print(cli, await (await cli.hub()).get<User>(pathOf(ref)))
}

async function print({ terminal }: Cli, user: User): Promise<Exit> {
  if (terminal.json) await terminal.document(user)
  else {
    const rows = [
      ["e-mail", user.email],
      ["name", user.name],
      ["role", user.role ?? "(not in this workspace)"],
      ["limited to", limitOf(user.scope)],
      ["since", when(user.createdAt)],
      ["last login", when(user.lastLoginAt)],
      ["disabled", user.disabledAt === null ? undefined : when(user.disabledAt)],
      ["id", user.id],
    ] as const
    await terminal.write(facts(rows, terminal.dim))
  }
  return EXIT.ok
}

interface AddOptions extends PasswordOptions, ScopeOptions {
  readonly role: string
  readonly name?: string
}

/** Adds a user. A password that the hub generated is the only line on stdout. */
export async function add(cli: Cli, email: string, options: AddOptions): Promise<Exit> {
  const { terminal, hub } = cli
  const client = await hub()
  const password = await givenPassword(cli, options)
  const made = await client.post<User>("/v1/users", { email, role: options.role, name: options.name, password, ...scopeIn(options) })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`${made.email} is ${made.role} of the workspace${made.password === undefined ? "." : "; the password is shown only now:"}`)
    if (made.password !== undefined) await terminal.line(made.password)
  }
  return EXIT.ok
}

const change = async (cli: Cli, ref: string, patch: object): Promise<Exit> => print(cli, await (await cli.hub()).patch<User>(pathOf(ref), patch))
export const setRole = (cli: Cli, ref: string, role: string): Promise<Exit> => change(cli, ref, { role })
export const rename = (cli: Cli, ref: string, name: string): Promise<Exit> => change(cli, ref, { name })

/** Limits a user to connectors, or lifts the limit. */
export function limit(cli: Cli, ref: string, options: ScopeOptions & { readonly none?: boolean }): Promise<Exit> {
  const scope = scopeIn(options)
  const isGiven = Object.keys(scope).length > 0
  if (isGiven === (options.none === true))
    throw usage("No limit was given, or --none was given with one.", "Use --connectors, --labels or both; or --none to lift the limit.")
  return change(cli, ref, options.none === true ? { connectors: null } : scope)
}

export const disable = (cli: Cli, ref: string): Promise<Exit> => change(cli, ref, { disabled: true })
export const enable = (cli: Cli, ref: string): Promise<Exit> => change(cli, ref, { disabled: false })

/** Removes a user from the workspace, by e-mail or id. */
export async function remove({ terminal, hub }: Cli, ref: string, options: ConsentOptions): Promise<Exit> {
  const client = await hub()
  const { id, email } = await client.get<User>(pathOf(ref))
  if (!(await agreed(terminal, options, "Removing a user", `Remove ${email} from the workspace?`))) return EXIT.failed
  await client.remove(pathOf(id))
  if (terminal.json) await terminal.document({ removed: ref })
  else await terminal.line(`${ref} is no longer in the workspace.`)
  return EXIT.ok
}

export async function sessions(cli: Cli, ref: string): Promise<Exit> {
  return printSessions(cli, await readAll<Session>(await cli.hub(), pathOf(ref, "/sessions")))
}

export async function endSessions({ terminal, hub }: Cli, ref: string): Promise<Exit> {
  await (await hub()).remove(pathOf(ref, "/sessions"))
  if (terminal.json) await terminal.document({ ended: ref })
  else await terminal.line(`${ref} is logged out everywhere.`)
  return EXIT.ok
}

/** Sets a user's password: the given one, or one that the hub generates, which is then the only line on stdout. */
export async function resetPassword(cli: Cli, email: string, options: PasswordOptions): Promise<Exit> {
  const { terminal, hub } = cli
  const client = await hub()
  const password = await givenPassword(cli, options)
  const answer = await client.post<Wire["PasswordSet"]>(pathOf(email, "/password"), password === undefined ? {} : { password })
  if (terminal.json) await terminal.document(answer)
  else {
    terminal.note(`${email} has a new password${answer.password === undefined ? "." : "; it is shown only now:"}`)
    if (answer.password !== undefined) await terminal.line(answer.password)
  }
  return EXIT.ok
}

/** The password from the one given source; undefined if there is none. */
export async function givenPassword({ shell, terminal }: Cli, options: PasswordOptions): Promise<string | undefined> {
  const ways = [options.prompt, options.passwordEnv, options.passwordFile].filter((way) => way !== undefined)
  if (ways.length > 1) throw usage("The password has several sources.", "Use only one of --prompt, --password-env and --password-file.")
  if (options.passwordEnv !== undefined) return readVariable(shell, options.passwordEnv, "--password-env")
  if (options.passwordFile !== undefined) return readValue(shell, options.passwordFile, "--password-file")
  if (options.prompt !== true) return undefined
  const password = await terminal.askSecret("New password:")
  if (password !== (await terminal.askSecret("Once more:"))) throw usage("The two passwords differ.", "Nothing was changed; try again.")
  return password
}
