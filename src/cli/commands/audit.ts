import { createReadStream } from "node:fs"
import { canonical, Follower, genesisOf } from "../../core/audit-chain.ts"
import type { Wire } from "../../wire.ts"
import { type Page, queryString, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { table } from "../table.ts"

type Entry = Wire["AuditEntry"]
type Head = Wire["AuditHead"]
type Verdict = Wire["AuditVerdict"]

export interface ListOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: number
}

/** The newest matching entries, at most `limit`. */
export async function list({ terminal, hub }: Cli, { actor, action, target, from, to, limit = 100 }: ListOptions): Promise<Exit> {
  const client = await hub()
  const data: Entry[] = []
  let page: Page<Entry>
  let cursor: string | undefined
  do {
    page = await client.get<Page<Entry>>(`/v1/audit${queryString({ actor, action, target, from, to, limit: Math.min(100, limit - data.length), cursor })}`)
    data.push(...page.data)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && data.length < limit)
  if (terminal.json) await terminal.document({ ...page, data })
  else {
    const rows = data.map((each) => [String(each.seq), when(each.at), each.actor.name, each.action, each.target?.name ?? "-", each.remoteAddress ?? "-"])
    await terminal.write(table(["NO", "WHEN", "WHO", "DID", "TO", "FROM"], rows, { width: terminal.width, header: terminal.bold }))
    if (page.total > data.length) terminal.note(`${page.total - data.length} older entries match too; see --limit.`)
  }
  return EXIT.ok
}

export interface VerifyOptions {
  readonly file?: string
  readonly seen?: string
}

/** Verifies the hub's chain or an exported one; exits with 1 if it is broken. */
export async function verify(cli: Cli, { file, seen: noted }: VerifyOptions): Promise<Exit> {
  const { terminal } = cli
  const seen = noted === undefined ? undefined : readSeen(noted)
  const verdict =
    file === undefined
      ? await (await cli.hub()).get<Verdict>(`/v1/audit/verify${queryString({ seq: seen?.seq, hash: seen?.hash })}`)
      : await verifyFile(cli, file, seen)
  if (terminal.json) await terminal.document(verdict)
  else if (verdict.ok) {
    const begins = verdict.removed === undefined ? "" : ` from number ${verdict.removed.seq + 1} on (older ones are no longer kept)`
    await terminal.line(`${terminal.good("ok")}  ${verdict.entries} entries${begins}, unbroken; the chain ends at ${verdict.head.seq}:${verdict.head.hash}`)
  } else await terminal.line(`${terminal.bad("broken")}  ${verdict.broken?.reason ?? ""} ${verdict.entries} entries before it are in order.`)
  return verdict.ok ? EXIT.ok : EXIT.failed
}

function readSeen(text: string): Head {
  const [, seq, hash] = /^(\d{1,9}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined)
    throw usage("--seen must be a number, a colon and 64 hex digits.", "Use the value from an earlier export or verify.")
  return { seq: Number(seq), hash }
}

/** Verifies an export in the same way as the hub; a missing last line, or anything after it, counts as broken. */
async function verifyFile({ shell }: Cli, file: string, seen: Head | undefined): Promise<Verdict> {
  let chain: Follower | undefined
  let end: { readonly head: Head; readonly removed?: Head; readonly workspace: { readonly id: string } } | undefined
  let first: Head | undefined
  const broken = (seq: number, reason: string): Verdict => ({
    ok: false,
    entries: (chain?.seq ?? 0) - (first?.seq ?? 0),
    head: { seq: chain?.seq ?? 0, hash: chain?.hash ?? "" },
    broken: { seq, reason },
  })
  for await (const text of linesOf(file === "-" ? shell.stdin : createReadStream(file), file)) {
    if (end !== undefined) return broken(end.head.seq + 1, "The file continues after the line that marks the end of the chain.")
    const line = parsed(text, file)
    if ("head" in line) {
      end = line as unknown as typeof end
      continue
    }
    const { seq, at, previous, hash, ...entry } = line as unknown as Entry
    first ??= { seq: seq - 1, hash: previous }
    chain ??= new Follower(first.seq, first.hash)
    const wrong = chain.follow({ seq, at, previous, hash, body: canonical(entry) })
    if (wrong !== undefined) return broken(chain.seq + 1, `${wrong}.`)
    if (seen?.seq === seq && seen.hash !== hash) return broken(seq, `entry ${seq} does not have the hash given by --seen.`)
  }
  if (end === undefined) return broken((chain?.seq ?? 0) + 1, "The file is incomplete: the line that marks the end of the chain is missing.")
  const { removed = { seq: 0, hash: genesisOf(end.workspace.id) } } = end
  if (first !== undefined && (first.seq !== removed.seq || first.hash !== removed.hash))
    return broken(removed.seq + 1, `According to its last line, the file must begin with entry ${removed.seq + 1} of the workspace.`)
  const head = { seq: chain?.seq ?? removed.seq, hash: chain?.hash ?? removed.hash }
  if (head.seq !== end.head.seq || head.hash !== end.head.hash)
    return broken(head.seq + 1, `The entries end at ${head.seq}, but the last line says ${end.head.seq}.`)
  if (seen !== undefined && seen.seq > head.seq) return broken(head.seq + 1, `entry ${seen.seq}, given by --seen, is missing.`)
  if (seen !== undefined && seen.seq < removed.seq)
    throw usage(`Entry ${seen.seq}, given by --seen, is no longer kept; the export begins at ${removed.seq + 1}.`, "Use an end that was noted later.")
  return { ok: true, entries: head.seq - removed.seq, head, ...(end.removed === undefined ? {} : { removed: end.removed }) }
}

function parsed(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw usage(`${file} is not an export: it has a line that is not a JSON object.`, "Use a file written by `jackfield audit export`.")
}

async function* linesOf(stream: AsyncIterable<string | Uint8Array>, file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ""
  try {
    for await (const piece of stream) {
      const parts = (rest + (typeof piece === "string" ? piece : decoder.decode(piece, { stream: true }))).split("\n")
      rest = parts.pop() ?? ""
      yield* parts.filter((line) => line !== "")
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw usage(`${file} cannot be read.`, "Use a file written by `jackfield audit export`.")
  }
  if (rest !== "") yield rest
}

/**
 * Prints the whole audit as the hub sends it. If the response ends early, the last line is missing and the command
 * fails.
 */
export async function write({ terminal, hub }: Cli): Promise<Exit> {
  for await (const piece of (await hub()).stream("/v1/audit/export", "application/x-ndjson")) await terminal.write(piece)
  return EXIT.ok
}
