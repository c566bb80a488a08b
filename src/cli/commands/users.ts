import type { Cli } from "../cli.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { readValue, readVariable } from "../secret-input.ts"
import { table } from "../table.ts"
import { readAll, when } from "./wire.ts"

interface User {
  readonly id: string
  readonly email: string
  readonly role: string
  readonly createdAt: string
}

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const page = await readAll<User>(await hub(), "/v1/users")
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((user) => [user.email, user.role, when(user.createdAt), user.id])
    await terminal.write(table(["E-MAIL", "ROLE", "SINCE", "ID"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export interface PasswordOptions {
  readonly prompt?: boolean
  readonly passwordEnv?: string
  readonly passwordFile?: string
}

/** Sets a user's password: the one given, else one that the hub makes, which is then the one line on stdout. */
export async function resetPassword(cli: Cli, email: string, options: PasswordOptions): Promise<Exit> {
  const { terminal, hub } = cli
  const client = await hub()
  const password = await givenPassword(cli, options)
  const answer = await client.post<{ readonly email?: string; readonly password?: string }>(
    `/v1/users/${encodeURIComponent(email)}/password`,
    password === undefined ? {} : { password },
  )
  if (terminal.json) await terminal.document(answer)
  else {
    terminal.note(`${email} has a new password${answer.password === undefined ? "." : "; it is shown this once:"}`)
    if (answer.password !== undefined) await terminal.line(answer.password)
  }
  return EXIT.ok
}

async function givenPassword({ shell, terminal }: Cli, options: PasswordOptions): Promise<string | undefined> {
  const ways = [options.prompt, options.passwordEnv, options.passwordFile].filter((way) => way !== undefined)
  if (ways.length > 1) throw usage("The password is to come from several places.", "Choose one of --prompt, --password-env and --password-file.")
  if (options.passwordEnv !== undefined) return readVariable(shell, options.passwordEnv, "--password-env")
  if (options.passwordFile !== undefined) return readValue(shell, options.passwordFile, "--password-file")
  if (options.prompt !== true) return undefined
  const password = await terminal.askSecret("New password:")
  if (password !== (await terminal.askSecret("Once more:"))) throw usage("The two passwords differ.", "Nothing was changed; begin again.")
  return password
}
