import { parseExactly } from "../../core/exact-json.ts"
import type { Wire } from "../../wire.ts"
import { connectorPath } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { parseAssignment } from "../config-input.ts"
import { timeoutOf, WORK_MAX_SECONDS } from "../duration-input.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { copyLines, formOf, hiddenNote } from "../row-output.ts"
import { readValue } from "../secret-input.ts"
import { table } from "../table.ts"

export interface CallOptions {
  readonly set?: readonly string[]
  readonly setJson?: readonly string[]
  readonly input?: string
  readonly dryRun?: boolean
  readonly ndjson?: boolean
  readonly timeout?: string
}

type Answer = Wire["CallAnswer"]
type Input = Wire["CallParameter"]

/**
 * Sends one request through a connector and prints the result as JSON. With `--dry-run`, only prints the request, with
 * secrets hidden.
 */
export async function call(cli: Cli, name: string, options: CallOptions): Promise<Exit> {
  const { terminal } = cli
  const input = await inputOf(cli, options)
  const client = await cli.hub()
  const path = connectorPath(name, "/call")
  if (options.dryRun === true) {
    await terminal.document(await client.post<object>(path, { input, dryRun: true }))
    return EXIT.ok
  }
  const body = { input, ...timeoutOf(options.timeout, WORK_MAX_SECONDS) }
  if (formOf(cli, options) === "ndjson") return copyLines(cli, client.lines(path, body))
  const answer = await client.post<Answer>(path, body)
  await terminal.document(terminal.json ? answer : answer.output)
  const { requests, retries, durationMs, hidden } = answer
  if (hidden !== undefined && !terminal.json) terminal.note(hiddenNote(hidden))
  const again = retries.length === 0 ? "" : `, retried after ${retries.join(", ")}`
  if (!terminal.json) terminal.note(terminal.dim(`${requests} request${requests === 1 ? "" : "s"}${again} (${Math.round(durationMs)} ms)`))
  return EXIT.ok
}

/** Lists the inputs of a call. */
export async function inputs(cli: Cli, name: string): Promise<Exit> {
  const { terminal } = cli
  const found = await (await cli.hub()).get<readonly Input[]>(connectorPath(name, "/inputs"))
  if (terminal.json) await terminal.document(found)
  else if (found.length === 0) terminal.note(terminal.dim("Calls through this connector take no inputs."))
  else {
    const rows = found.map((each) => [each.name, each.from, each.required ? "required" : (each.default ?? "optional")])
    await terminal.write(table(["NAME", "USED IN", "VALUE"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

async function inputOf({ shell }: Cli, options: CallOptions): Promise<Record<string, unknown>> {
  const base = options.input === undefined ? {} : jsonOf(await readValue(shell, options.input, "--input"), "--input")
  if (base === null || typeof base !== "object" || Array.isArray(base)) throw usage("--input must be one JSON object.")
  const texts = (options.set ?? []).map((text) => parseAssignment(text, "--set")).map(({ path, value }): [string, unknown] => [path, value])
  const values = (options.setJson ?? [])
    .map((text) => parseAssignment(text, "--set-json"))
    .map(({ path, value }): [string, unknown] => [path, jsonOf(value, `--set-json ${path}`)])
  return { ...base, ...Object.fromEntries([...texts, ...values]) }
}

function jsonOf(text: string, option: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    throw usage(`${option} is not valid JSON.`)
  }
}
