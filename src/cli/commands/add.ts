import { didYouMean } from "../../core/nearest.ts"
import type { Wire } from "../../wire.ts"
import { type Connector, type ConnectorType, readAll } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { type Assignment, assignConfig, firstMissing, type Question, secretAt } from "../config-input.ts"
import { type DescribedOptions, describedBy } from "../described-input.ts"
import { EXIT, EXIT_HELP, type Exit, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import { printReport, type Report } from "../report.ts"
import { type FieldOptions, readAssignments, readValue } from "../secret-input.ts"
import { table } from "../table.ts"
import { fieldRows } from "./connectors.ts"

export interface AddOptions extends FieldOptions, DescribedOptions {
  readonly type?: string
  readonly name?: string
  readonly config?: string
  readonly verify?: boolean
  readonly draft?: boolean
  readonly disable?: boolean
}

/** Registers a connector from options, a file and, in a terminal, questions for missing values. */
export async function add(cli: Cli, options: AddOptions): Promise<Exit> {
  const { terminal } = cli
  const described = describedBy(options)
  const hub = await cli.hub()
  const type = await chooseType(cli, hub, options.type)
  const name = options.name ?? (await ask(cli, "Name", "--name"))
  const config = await fillConfig(cli, type.fields, options)
  // A user who answers the questions is also asked this one.
  const led = terminal.interactive && options.draft !== true && (options.type === undefined || options.name === undefined)
  const verify = options.verify ?? (led && (await terminal.confirm("Test it first, and store it only if it works?")))
  const connector = await create(cli, hub, {
    name,
    type: type.type,
    config,
    ...described,
    ...(verify ? { verify: true } : {}),
    ...(options.draft === true ? { draft: true } : {}),
    ...(options.disable === true ? { enabled: false } : {}),
  })
  if (terminal.json) await terminal.document(connector)
  else {
    if (verify && connector.lastTest !== null) await printReport(terminal, connector.lastTest, "")
    await terminal.line(`Added ${connector.name} (${connector.type}), ${connector.status}.`)
    for (const { message } of connector.missing) await terminal.line(`  missing: ${message}`)
    if (connector.status === "untested") terminal.note(terminal.dim(`→ jackfield connectors test ${connector.name}`))
  }
  return EXIT.ok
}

/** Prints the help of `add`, and the fields of the given type. */
export async function addHelp(cli: Cli, options: AddOptions, text: string): Promise<Exit> {
  const { terminal } = cli
  await terminal.write(text)
  if (options.type === undefined) await terminal.line("\n`jackfield connectors add --type TYPE --help` shows the type's fields, which --set and --secret take.")
  else {
    const type = await chooseType(cli, await cli.hub(), options.type)
    await terminal.line(`\nFields of ${type.type} (${type.title}), for --set; secrets are for --secret, --secret-env and --secret-file:\n`)
    await terminal.write(table(["FIELD", "TYPE", "DEFAULT", "ABOUT"], fieldRows(type.fields), { width: terminal.width, header: terminal.bold }))
  }
  await terminal.line(EXIT_HELP)
  return EXIT.ok
}

/** Creates the connector. If the verification fails, shows its stages like a test does, and fails. */
async function create({ terminal }: Cli, hub: HubClient, body: object): Promise<Connector> {
  try {
    return await hub.post<Connector>("/v1/connectors", body)
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code !== "verification_failed") throw error
    const report = error.problem["report"] as Report | undefined
    if (terminal.json || report === undefined) throw error
    await printReport(terminal, report, "")
    throw new Failure(EXIT.failed, { code: error.problem.code, detail: "Nothing was stored because the test failed." }, error)
  }
}

async function chooseType(cli: Cli, hub: HubClient, given: string | undefined): Promise<ConnectorType> {
  if (given !== undefined) return hub.get<ConnectorType>(`/v1/connector-types/${encodeURIComponent(given)}`)
  const { data } = await readAll<ConnectorType>(hub, "/v1/connector-types")
  const names = data.map((each) => each.type)
  const answer = await ask(cli, `Type (${names.join(", ")})`, "--type")
  const found = data.find((each) => each.type === answer || each.aliases.includes(answer))
  if (found === undefined) throw usage(`There is no connector type with that name. The types are ${names.join(", ")}.${didYouMean(answer, names)}`)
  return found
}

async function ask({ terminal }: Cli, question: string, option: string): Promise<string> {
  if (!terminal.interactive) throw usage(`${option} is missing.`, `Add ${option}; see --help.`)
  return await insist(terminal, () => terminal.ask(`${question}:`))
}

async function fillConfig(cli: Cli, fields: readonly Wire["Field"][], options: AddOptions): Promise<Record<string, unknown>> {
  const { assignments, base } = await readFields(cli, fields, options)
  const config = assignConfig(fields, assignments, base)
  return cli.terminal.interactive && options.draft !== true ? complete(cli, fields, assignments, base) : config
}

/**
 * Applies the options to a stored config: returns only the fields that they name, each as a whole, with its other stored
 * values (secrets as their masks, which keep them).
 */
export async function readConfigOptions(
  cli: Cli,
  fields: readonly Wire["Field"][],
  options: FieldOptions & { readonly config?: string },
  stored: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const { assignments, base } = await readFields(cli, fields, options)
  const named = new Set([...Object.keys(base), ...assignments.map(({ path }) => path.split(".")[0] ?? "")])
  const config = assignConfig(fields, assignments, { ...stored, ...base })
  return Object.fromEntries(Object.entries(config).filter(([name]) => named.has(name)))
}

async function readFields(
  cli: Cli,
  fields: readonly Wire["Field"][],
  options: FieldOptions & { readonly config?: string },
): Promise<{ assignments: Assignment[]; base: Readonly<Record<string, unknown>> }> {
  const fromStdin = [options.config, ...[...(options.setFile ?? []), ...(options.secretFile ?? [])].map((text) => text.slice(text.indexOf("=") + 1))]
  if (fromStdin.filter((path) => path === "-").length > 1) throw usage("Only one value can come from stdin.", "Name files for the others.")
  const base = options.config === undefined ? {} : parseConfigFile(await readValue(cli.shell, options.config, "--config"))
  const titleOf = (path: string): string => {
    const secret = secretAt(fields, path)
    if (secret === undefined) throw usage(`${path} is not a secret of this type.`, `Use --set ${path}=…; \`jackfield connectors types\` shows the fields.`)
    return secret.title
  }
  return { assignments: await readAssignments(cli.shell, cli.terminal, options, titleOf), base }
}

function parseConfigFile(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which may contain a secret.
    throw usage("--config: the file is not valid JSON.")
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw usage("--config: the file must contain one JSON object.")
  return value as Record<string, unknown>
}

/**
 * The maximum number of questions: more than any type has required fields, so that an invalid response from the hub cannot ask
 * forever.
 */
const MOST_QUESTIONS = 100

/** Asks for each missing required field, and then for optional fields that are usually needed. */
async function complete(
  cli: Cli,
  fields: readonly Wire["Field"][],
  given: readonly Assignment[],
  base: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const assignments = [...given]
  let config = assignConfig(fields, assignments, base)
  let guided = false
  for (let asked = 0; asked < MOST_QUESTIONS; asked++) {
    const missing = firstMissing(fields, config) ?? (guided ? worthAsking(fields, config) : undefined)
    if (missing === undefined) break
    guided = true
    assignments.push(await answerTo(cli, missing))
    config = assignConfig(fields, assignments, base)
  }
  return config
}

/**
 * The next optional field to ask for: a secret (the login's password) or a text that is empty by default (the database),
 * because these are rarely left out on purpose, and the encryption of the connection.
 */
function worthAsking(fields: readonly Wire["Field"][], config: Readonly<Record<string, unknown>>): Question | undefined {
  const asked = ({ kind, default: usual, name }: Wire["Field"]): boolean =>
    kind === "secret" || (kind === "text" && usual === "") || (kind === "variant" && name === "tls")
  const field = fields.find((each) => config[each.name] === undefined && asked(each))
  return field === undefined ? undefined : { path: field.name, field }
}

/** Repeats the question until there is an answer; Ctrl-C ends it. */
async function insist(terminal: Cli["terminal"], ask: () => Promise<string>): Promise<string> {
  for (let asked = 0; asked < MOST_QUESTIONS; asked++) {
    const answer = (await ask()).trim()
    if (answer !== "") return answer
    terminal.note("An answer is required. Press Ctrl-C to end without storing anything.")
  }
  throw usage("No answer was given.", "Nothing was stored; try again, or use --draft.")
}

async function answerTo({ terminal }: Cli, { path, field }: Question): Promise<Assignment> {
  const empty = field.required ? "" : " (may be empty)"
  if (field.kind === "secret") {
    const hidden = (): Promise<string> => terminal.askSecret(`${field.title}${empty}:`)
    return { path, value: field.required ? await insist(terminal, hidden) : await hidden(), via: "secret" }
  }
  const usual = usualOf(field)
  const choices = field.variants?.map(({ kind }) => kind) ?? field.options
  const hint =
    choices !== undefined
      ? ` (${choices.join(", ")}${usual === "" ? "" : `; ${usual} if empty`})`
      : field.example === undefined
        ? ""
        : ` (such as ${field.example})`
  const question = `${field.title}${choices !== undefined || field.required ? hint : empty}:`
  const answered = async (): Promise<string> => {
    const value = (await terminal.ask(question)).trim() || usual
    if (choices === undefined || value === "" || choices.includes(value)) return value
    terminal.note(`It must be one of ${choices.join(", ")}.${didYouMean(value, choices)}`)
    return answered()
  }
  const value = field.required ? await insist(terminal, answered) : await answered()
  return { path: field.kind === "variant" ? `${path}.kind` : path, value, via: "plain" }
}

/** The default of a field that has choices, as its kind or value. */
function usualOf({ kind, default: usual }: Wire["Field"]): string {
  if (kind === "variant") return usual !== null && typeof usual === "object" ? String(Reflect.get(usual, "kind") ?? "") : ""
  return kind === "choice" && typeof usual === "string" ? usual : ""
}
