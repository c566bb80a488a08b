import type { Wire } from "../../wire.ts"
import { type Connector, type ConnectorType, connectorPath, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { agreed, type ConsentOptions } from "../consent.ts"
import { TEST_MAX_SECONDS, timeoutOf } from "../duration-input.ts"
import { EXIT, type Exit, Failure } from "../failure.ts"
import { changeOf } from "../remedy-lines.ts"
import { exitOfReport, type Report, stageLine, verdictLines } from "../report.ts"
import { facts, table } from "../table.ts"

/** Lists the connector types, or the fields of one. */
export async function types({ terminal, hub }: Cli, type: string | undefined): Promise<Exit> {
  const client = await hub()
  if (type !== undefined) {
    const found = await client.get<ConnectorType>(`/v1/connector-types/${encodeURIComponent(type)}`)
    if (terminal.json) await terminal.document(found)
    else {
      await terminal.write(
        facts(
          [
            ["type", found.type],
            ["title", found.title],
            ["can", found.capabilities.join(", ")],
            ["about", found.summary],
          ],
          terminal.dim,
        ),
      )
      await terminal.line()
      await terminal.write(table(["FIELD", "TYPE", "DEFAULT", "ABOUT"], fieldRows(found.fields), { width: terminal.width, header: terminal.bold }))
    }
    return EXIT.ok
  }
  const answer = await readAll<ConnectorType>(client, "/v1/connector-types")
  if (terminal.json) await terminal.document(answer)
  else {
    const rows = answer.data.map((each) => [each.type, each.title, each.category, each.capabilities.join(", ")])
    await terminal.write(table(["TYPE", "TITLE", "CATEGORY", "CAN"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

/** A row of the table of fields for each field, in the notation of `--set`. */
export function fieldRows(fields: readonly Wire["Field"][], base = ""): string[][] {
  return fields.flatMap((field) => {
    const path = `${base}${field.name}`
    const kind = field.variants?.map((each) => each.kind).join("|") ?? field.options?.join("|") ?? field.kind
    const fallback = field.required ? "required" : defaultText(field.default)
    // The fields of an alternative are listed below the choice that they belong to.
    const inner = (field.variants ?? []).flatMap((each) =>
      each.fields.length === 0
        ? []
        : [[`${path}.kind=${each.kind}`, "", "", each.title], ...fieldRows(each.fields, `${path}.`).map(([first = "", ...rest]) => [`  ${first}`, ...rest])],
    )
    return [[path, kind, fallback, aboutOf(field)], ...inner, ...fieldRows(field.fields ?? [], `${path}.0.`)]
  })
}

/** The field's title, help, limits and example, if it has them. */
function aboutOf({ kind, title, help, example, min, max, maxLength, plainNames }: Wire["Field"]): string {
  const range = min === undefined && max === undefined ? undefined : kind === "list" ? `At most ${max}.` : `From ${min ?? "…"} to ${max ?? "…"}.`
  const length = maxLength === undefined || maxLength >= 4_096 ? undefined : `At most ${maxLength} characters.`
  const plain = plainNames === undefined ? undefined : "Secret or not, depending on the entry's name."
  const said = [title, help, range, length, plain, example === undefined ? undefined : `Example: ${example}`].filter((part) => part !== undefined)
  return said.map((part) => (/[.:?]$/.test(part) || part.startsWith("Example") ? part : `${part}.`)).join(" ")
}

const defaultText = (value: unknown): string => {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ""
  return value !== null && typeof value === "object" && "kind" in value ? String(value.kind) : String(value)
}

export interface ListOptions {
  readonly type?: string
  readonly status?: string
  readonly label?: string
  readonly search?: string
}

export async function list({ terminal, hub }: Cli, options: ListOptions): Promise<Exit> {
  const filter = { type: options.type, status: options.status, label: options.label?.replace("=", ":"), q: options.search }
  const given = Object.fromEntries(Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const page = await readAll<Connector>(await hub(), "/v1/connectors", given)
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0)
    terminal.note(Object.keys(given).length === 0 ? "No connectors yet; register one with `jackfield connectors add`." : "No connector matches.")
  else {
    const rows = page.data.map((each) => [
      each.name,
      each.type,
      each.status,
      `${when(each.lastTestedAt)}${each.status === "untested" && each.lastTest !== null ? " (before the last change)" : ""}`,
      each.title === each.name ? "" : each.title,
    ])
    await terminal.write(table(["NAME", "TYPE", "STATUS", "TESTED", "TITLE"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export async function show({ terminal, hub }: Cli, name: string): Promise<Exit> {
  const found = await (await hub()).get<Connector>(connectorPath(name))
  if (terminal.json) await terminal.document(found)
  else {
    const [labels = [], limits = []] = [found.labels, found.limits ?? {}].map((pairs) => Object.entries(pairs).map(([key, value]) => `${key}=${value}`))
    await terminal.write(
      facts(
        [
          ["name", found.name],
          ["title", found.title === found.name ? undefined : found.title],
          ["type", found.type],
          ["status", found.status],
          ["missing", found.missing.map(({ message }) => message).join(" ")],
          ["about", found.description],
          ["labels", labels.join(" ")],
          ["purpose", found.purpose ?? undefined],
          ["limits", limits.join(" ")],
          [
            "tested",
            found.lastTest === null
              ? "never"
              : `${when(found.lastTestedAt)}, ${found.status === "untested" ? "before the last change, " : ""}${found.lastTest.ok ? "works" : `failed: ${found.lastTest.error?.message ?? ""}`}`,
          ],
          [
            "refused",
            found.credentialsRefusedAt === null ? undefined : `its credentials, since ${when(found.credentialsRefusedAt)}; the connector is not used`,
          ],
          ["version", String(found.version)],
          ["id", found.id],
        ],
        terminal.dim,
      ),
    )
    await terminal.line()
    await terminal.write(facts(flatten(found.config), terminal.dim))
  }
  return EXIT.ok
}

/** A config as dotted paths, in the notation of `--set`; a secret as its mask. */
export function flatten(value: unknown, path = ""): [string, string][] {
  if (value === null || typeof value !== "object") return [[path, String(value)]]
  const mask = value as { set?: unknown; fingerprint?: unknown }
  if (mask.set === true && typeof mask.fingerprint === "string") return [[path, `set (fingerprint ${mask.fingerprint})`]]
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, path === "" ? name : `${path}.${name}`))
}

export interface TestOptions {
  readonly timeout?: string
}

/** Tests a stored connector and prints each stage as it ends. */
export async function test({ terminal, hub }: Cli, name: string, options: TestOptions): Promise<Exit> {
  const body = timeoutOf(options.timeout, TEST_MAX_SECONDS)
  let report: Report | undefined
  for await (const text of (await hub()).lines(connectorPath(name, "/test"), body)) {
    const line = JSON.parse(text) as { stage?: Wire["Stage"]; report?: Report }
    if (line.stage !== undefined && !terminal.json) await terminal.line(stageLine(terminal, line.stage))
    report = line.report ?? report
  }
  if (report === undefined)
    throw new Failure(EXIT.failed, {
      code: "connection_lost",
      detail: "The hub ended the test without a report.",
      next: "Try again; the hub's log has the cause.",
    })
  if (terminal.json) await terminal.document(report)
  else for (const line of verdictLines(terminal, report, changeOf(name))) await terminal.line(line)
  return exitOfReport(report)
}

/** Removes the connector in the version that was shown; the removal fails if it was changed in the meantime. */
export async function remove({ terminal, hub }: Cli, name: string, options: ConsentOptions): Promise<Exit> {
  const client = await hub()
  const found = await client.get<Connector>(connectorPath(name))
  if (!(await agreed(terminal, options, "Removing a connector", `Remove ${found.name} (${found.type}) and its secrets?`))) return EXIT.failed
  await client.remove(connectorPath(found.id), found.version)
  if (terminal.json) await terminal.document({ removed: { id: found.id, name: found.name } })
  else await terminal.line(`Removed ${found.name}.`)
  return EXIT.ok
}
