import type { Wire } from "../../wire.ts"
import { type Connector, type ConnectorType, connectorPath, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { type DescribedChangeOptions, describedBy } from "../described-input.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import type { FieldOptions } from "../secret-input.ts"
import { table } from "../table.ts"
import { readConfigOptions } from "./add.ts"

type Change = Wire["ConnectorChange"]
type Version = Wire["Version"]

/**
 * Lists every change of a connector, newest first; with a number, shows that version and the connector at that time.
 */
export async function versions({ terminal, hub }: Cli, name: string, number: string | undefined): Promise<Exit> {
  const client = await hub()
  if (number !== undefined) {
    const found = await client.get<Version>(connectorPath(name, `/versions/${versionNumber(number)}`))
    if (terminal.json) await terminal.document(found)
    else {
      await terminal.line(`Version ${found.version}, ${headOf(found)}`)
      for (const change of found.changes) await terminal.line(`  ${changeLine(change)}`)
    }
    return EXIT.ok
  }
  const page = await readAll<Version>(client, connectorPath(name, "/versions"))
  if (terminal.json) await terminal.document(page)
  else {
    const rows = page.data.map((each) => [
      String(each.version),
      when(each.at),
      kindOf(each),
      authorOf(each),
      each.changes.map(({ pointer }) => pointer).join(" "),
    ])
    await terminal.write(table(["VERSION", "AT", "WHAT", "BY", "CHANGED"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

/** Restores the config and secrets of a version. */
export async function restore({ terminal, hub }: Cli, name: string, number: string): Promise<Exit> {
  const restored = await (await hub()).post<Connector>(connectorPath(name, `/versions/${versionNumber(number)}/restore`))
  if (terminal.json) await terminal.document(restored)
  else await terminal.line(`Restored version ${number} of ${restored.name} as version ${restored.version}, ${restored.status}.`)
  return EXIT.ok
}

export interface ChangeOptions extends FieldOptions, DescribedChangeOptions {
  readonly config?: string
  readonly rename?: string
  readonly type?: string
  readonly draft?: boolean
  readonly enable?: boolean
  readonly disable?: boolean
  readonly verify?: boolean
}

/** Changes the given fields and nothing else; another type starts with an empty config. */
export async function change(cli: Cli, name: string, options: ChangeOptions): Promise<Exit> {
  const { terminal } = cli
  if (options.enable === true && options.disable === true) throw usage("--enable and --disable are opposites.")
  const client = await cli.hub()
  const found = await client.get<Connector>(connectorPath(name))
  const described = describedBy(options, found)
  const type = await client.get<ConnectorType>(`/v1/connector-types/${encodeURIComponent(options.type ?? found.type)}`)
  const config = await readConfigOptions(cli, type.fields, options, type.type === found.type ? found.config : {})
  const body = {
    ...(Object.keys(config).length === 0 ? {} : { config }),
    ...(options.rename === undefined ? {} : { name: options.rename }),
    ...(options.type === undefined ? {} : { type: type.type }),
    ...described,
    ...(options.enable === true ? { enabled: true } : options.disable === true ? { enabled: false } : {}),
    ...(options.verify === true ? { verify: true } : {}),
    ...(options.draft === true ? { draft: true } : {}),
  }
  if (Object.keys(body).length === 0) throw usage("Nothing to change was given.", "See --help.")
  const changed = await client.patch<Connector>(connectorPath(found.id), body, found.version)
  if (terminal.json) await terminal.document(changed)
  else
    await terminal.line(
      changed.version === found.version
        ? `${changed.name} already has these values.`
        : `Changed ${changed.name}, now version ${changed.version}, ${changed.status}.`,
    )
  return EXIT.ok
}

function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usage("A version is a whole number, at least 1.", "`jackfield connectors versions NAME` lists them.")
  return Number(text)
}

const kindOf = ({ kind, of }: Version): string => kind.replace("_", " ") + (of === null ? "" : ` (${of})`)
const authorOf = ({ author }: Version): string => (author === null ? "-" : (author.name ?? author.id))
const headOf = (version: Version): string => `${kindOf(version)} by ${authorOf(version)}, ${when(version.at)}`

function changeLine({ pointer, change: what, secret, before, after }: Change): string {
  if (secret === true) return `${pointer}  ${what} (secret)`
  const values = [before, after].map((value) => (value === undefined ? "" : JSON.stringify(value)))
  return `${pointer}  ${what}${before === undefined && after === undefined ? "" : `  ${values[0]} → ${values[1]}`}`
}
