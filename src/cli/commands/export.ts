import { type Connector, type ConnectorType, readAll } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { type PlaceholderKind, PREFIXES, type Schedule, writeConnectors } from "../declarative/written.ts"
import { EXIT, type Exit, Failure, usage } from "../failure.ts"

export interface ExportOptions {
  readonly type?: string
  readonly label?: string
  readonly placeholders: string
  readonly prefix?: string
}

/** Prints connectors as a file for `apply`, secrets as placeholders: the named ones, or all. */
export async function exportConnectors({ terminal, hub }: Cli, names: readonly string[], options: ExportOptions): Promise<Exit> {
  const kind = kindOf(options.placeholders)
  const prefix = options.prefix ?? PREFIXES[kind]
  if (/[${}#\s]/.test(prefix)) throw usage("--prefix must not contain spaces or any of $ { } #.")
  const client = await hub()
  const filter = {
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(options.label === undefined ? {} : { label: options.label.replace("=", ":") }),
  }
  const { data } = await readAll<Connector>(client, "/v1/connectors", filter)
  const found = names.length === 0 ? data : data.filter(({ name }) => names.includes(name))
  const absent = names.filter((name) => !found.some((each) => each.name === name))
  if (absent.length > 0)
    throw new Failure(EXIT.notFound, {
      code: "not_found",
      detail: `There is no connector ${absent.join(", ")}${data.length === 0 ? "" : " among the selected ones"}.`,
    })
  const types = await readAll<ConnectorType>(client, "/v1/connector-types")
  const { data: schedules } = await readAll<Schedule>(client, "/v1/checks")
  const unknown = found.filter(({ type }) => !types.data.some((each) => each.type === type))
  if (terminal.json) await terminal.document(found)
  else
    await terminal.write(
      writeConnectors(
        found.filter((each) => !unknown.includes(each)),
        schedules,
        { placeholders: kind, prefix },
      ),
    )
  if (unknown.length === 0) return EXIT.ok
  const list = unknown.map(({ name, type }) => `${name} (${type})`).join(", ")
  throw new Failure(EXIT.failed, { code: "export_incomplete", detail: `Not exported, because this hub does not know their type: ${list}.` })
}

function kindOf(text: string): PlaceholderKind {
  if (text === "env" || text === "file" || text === "vault" || text === "keep") return text
  throw usage("--placeholders must be env, file, vault or keep.")
}
