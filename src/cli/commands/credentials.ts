import type { Wire } from "../../wire.ts"
import { type Connector, type ConnectorType, connectorPath, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { TEST_MAX_SECONDS, timeoutOf } from "../duration-input.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { shellWord } from "../remedy-lines.ts"
import { exitOfReport, printReport, type Report } from "../report.ts"
import type { FieldOptions } from "../secret-input.ts"
import { facts } from "../table.ts"
import { readConfigOptions } from "./add.ts"
import { flatten, type TestOptions } from "./connectors.ts"

type Slots = Wire["Credentials"]

/** Shows the content of each slot, secrets as fingerprints. */
export async function show({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const slots = await (await hub()).get<Slots>(connectorPath(name, "/credentials"))
  if (terminal.json) await terminal.document(slots)
  else for (const line of await slotLines(slots)) await terminal.write(line.endsWith("\n") ? line : `${line}\n`)
  return EXIT.ok

  async function slotLines({ refusedAt, current, next, previous }: Slots): Promise<string[]> {
    const result = (ok: boolean | null | undefined): string => (ok === true ? "passed their test" : ok === false ? "failed their test" : "not tested")
    return [
      ...(refusedAt === null ? [] : [terminal.bad(`Refused by the system since ${when(refusedAt)}: the connector is not used.`)]),
      `current, ${result(current.ok)}`,
      facts(flatten(current.config), terminal.dim),
      ...(next === null
        ? ["next: none staged"]
        : [`next, by ${next.stagedBy.name}, ${when(next.stagedAt)}, ${result(next.lastTest?.ok)}`, facts(flatten(next.config), terminal.dim)]),
      ...(previous === null ? [] : [`previous, of version ${previous.version}`, facts(flatten(previous.config), terminal.dim)]),
    ]
  }
}

export interface StageOptions extends FieldOptions {
  readonly config?: string
}

/** Stages the next credentials; the connector continues with the current ones. */
export async function stage(cli: Cli, name: string, options: StageOptions): Promise<Exit> {
  const client = await cli.hub()
  const found = await client.get<Connector>(connectorPath(name))
  const type = await client.get<ConnectorType>(`/v1/connector-types/${encodeURIComponent(found.type)}`)
  const config = await readConfigOptions(cli, type.fields, options, found.config)
  if (Object.keys(config).length === 0) throw usage("No credentials were given.", "Use --secret password, --secret-env or --secret-file, and --set for a user.")
  const slots = await client.put<Slots>(connectorPath(found.id, "/credentials/next"), { config }, found.version)
  if (cli.terminal.json) await cli.terminal.document(slots)
  else {
    await cli.terminal.line(`Staged ${Object.keys(config).join(", ")} for ${found.name}.`)
    cli.terminal.note(cli.terminal.dim(`→ jackfield connectors credentials test ${found.name}`))
  }
  return EXIT.ok
}

/** Tests the connector with the staged credentials. */
export async function test({ terminal, hub }: Cli, name: string, options: TestOptions): Promise<Exit> {
  const time = timeoutOf(options.timeout, TEST_MAX_SECONDS)
  const report = await (await hub()).post<Report>(connectorPath(name, "/credentials/next/test"), time)
  if (terminal.json) await terminal.document(report)
  else await printReport(terminal, report, `jackfield connectors credentials stage ${shellWord(name)}`)
  return exitOfReport(report)
}

export interface SwitchOptions {
  readonly force?: boolean
}

/** Makes the staged credentials the current ones. */
export async function turn({ terminal, hub }: Cli, name: string, { force }: SwitchOptions): Promise<Exit> {
  const changed = await (await hub()).post<Connector>(connectorPath(name, "/credentials/switch"), force === true ? { force } : {})
  if (terminal.json) await terminal.document(changed)
  else await terminal.line(`Switched ${changed.name} to the staged credentials, now version ${changed.version}, ${changed.status}.`)
  return EXIT.ok
}

/** Returns to the credentials before the last switch. */
export async function rollback({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const changed = await (await hub()).post<Connector>(connectorPath(name, "/credentials/rollback"))
  if (terminal.json) await terminal.document(changed)
  else await terminal.line(`Rolled the credentials of ${changed.name} back, now version ${changed.version}, ${changed.status}.`)
  return EXIT.ok
}

/** Discards the staged credentials. */
export async function discard({ terminal, hub }: Cli, name: string): Promise<Exit> {
  await (await hub()).remove(connectorPath(name, "/credentials/next"))
  if (terminal.json) await terminal.document({ discarded: { name } })
  else await terminal.line(`Discarded the staged credentials of ${name}.`)
  return EXIT.ok
}
