import type { Wire } from "../../wire.ts"
import { type Connector, type ConnectorType, readAll } from "../answers.ts"
import { EXIT, Failure, usage } from "../failure.ts"
import type { HubClient } from "../hub-client.ts"
import type { Shell } from "../shell.ts"
import { type Entry, type FileFault, parseSources } from "./documents.ts"
import { Placeholders } from "./placeholders.ts"
import { readSources } from "./sources.ts"
import { OWNER_LABEL, type Wanted, wantedOf } from "./wanted.ts"

/** A value that differs, as the API reports it. */
export type Difference = Wire["Difference"]

type Comparison = Wire["Comparison"]

/** One connector of the files and the hub's comparison. */
export interface Step {
  readonly action: "create" | "change" | "none"
  readonly entry: Entry
  readonly wanted: Wanted
  readonly id: string | null
  readonly version: number | null
  readonly changes: readonly Difference[]
}

/** A connector that is no longer in any file. */
export interface Removal {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly owner: string
  readonly version: number
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly removals: readonly Removal[]
}

export interface PlanOptions {
  readonly file?: readonly string[]
  readonly prune?: boolean
  readonly allowPlain?: boolean
  readonly takeOver?: boolean
}

/** The number of comparisons that run at once. */
const AT_ONCE = 4

/**
 * Reads the files, fills the placeholders and asks the hub for the changes; throws every fault of every file at once.
 */
export async function makePlan(shell: Shell, hub: HubClient, options: PlanOptions): Promise<Plan> {
  const paths = options.file ?? []
  if (paths.length === 0) throw usage("-f is missing.", "Name a file, a folder, or - for stdin: jackfield apply -f connectors.yaml.")
  const { entries, owners, faults: found } = parseSources(await readSources(shell, paths))
  const faults = [...found]
  if (options.prune === true && owners.length === 0)
    throw usage("--prune needs an `owner:` in the files.", "It removes only connectors that are labelled with that owner.")
  const { data } = await readAll<ConnectorType>(hub, "/v1/connector-types")
  const types = new Map(data.map((each) => [each.type, each]))
  const placeholders = new Placeholders(shell)
  const steps = await inParallel(entries, async (entry) => {
    const own: FileFault[] = []
    const filled = await placeholders.fill(entry, own)
    const wanted = wantedOf(entry, filled, types, own)
    const step = wanted === undefined || own.length > 0 ? undefined : await compare(hub, entry, wanted, filled.filled, options, own)
    faults.push(...own)
    return step
  })
  if (faults.length > 0) throw faulty(faults)
  const kept = new Set(entries.flatMap(({ name, value }) => [name, value["renamedFrom"]]))
  const removals = options.prune === true ? await removalsOf(hub, owners, kept) : []
  return { steps: steps.filter((step) => step !== undefined), removals }
}

async function compare(
  hub: HubClient,
  entry: Entry,
  wanted: Wanted,
  filled: ReadonlySet<string>,
  { allowPlain, takeOver }: PlanOptions,
  faults: FileFault[],
): Promise<Step | undefined> {
  let comparison: Comparison
  try {
    comparison = await hub.post<Comparison>("/v1/connectors/compare", wanted)
  } catch (error) {
    if (!(error instanceof Failure) || !["config_invalid", "request_invalid", "body_too_large"].includes(error.problem.code)) throw error
    const { errors = [], detail } = error.problem
    if (errors.length === 0) faults.push(entry.at("", detail))
    for (const { pointer, message } of errors) faults.push(entry.at(pointer === "/was" ? "/renamedFrom" : pointer === "/name" ? "" : pointer, message))
    return undefined
  }
  if (allowPlain !== true)
    for (const pointer of comparison.secrets.filter((each) => !filled.has(each)))
      faults.push(entry.at(pointer, `is a secret in plain text; use \${env:NAME}, \${file:path}, \${vault:path#field} or \${keep}, or add --allow-plain.`))
  const owner = comparison.labels[OWNER_LABEL]
  if (takeOver !== true && owner !== undefined && owner !== wanted.labels[OWNER_LABEL])
    faults.push(entry.at("", `belongs to the files of ${owner.slice(0, 200)}; change it there, or add --take-over.`))
  return { entry, wanted, action: comparison.action, id: comparison.id, version: comparison.version, changes: comparison.changes }
}

async function removalsOf(hub: HubClient, owners: readonly string[], kept: ReadonlySet<unknown>): Promise<Removal[]> {
  const removals: Removal[] = []
  for (const owner of owners) {
    const { data } = await readAll<Connector>(hub, "/v1/connectors", { label: `${OWNER_LABEL}:${owner}` })
    // The label is checked again, so that a connector of another owner is never removed, whatever the list contains.
    const gone = data.filter(({ name, labels }) => labels[OWNER_LABEL] === owner && !kept.has(name))
    removals.push(...gone.map(({ id, name, type, version }) => ({ id, name, type, owner, version })))
  }
  return removals.sort((one, other) => (one.name < other.name ? -1 : 1))
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  return results
}

function faulty(faults: readonly FileFault[]): Failure {
  const sorted = [...faults].sort((one, other) =>
    one.file === other.file ? one.line - other.line || one.column - other.column : one.file < other.file ? -1 : 1,
  )
  const detail = `${sorted.length === 1 ? "There is an error" : `There are ${sorted.length} errors`} in the files; nothing was changed.`
  return new Failure(EXIT.usage, { code: "files_invalid", detail, errors: sorted })
}
