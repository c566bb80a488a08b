import type { Answer } from "../../support/ask.ts"
import type { HubProcess } from "../../support/hub-process.ts"
import type { Hit, Search } from "./search.ts"

/** Everything that the hub said, searched as it was said: what was done how often, how much went where, and what was found. */
export class Ledger {
  readonly search: Search
  readonly actions = new Map<string, number>()
  readonly statuses = new Map<string, Set<number>>()
  readonly sinks = new Map<string, number>()
  readonly hits: string[] = []
  /** Answers of 500: the hub's own fault. */
  readonly failures: string[] = []

  constructor(search: Search) {
    this.search = search
  }

  /** Notes that something was done. */
  did(action: string): void {
    this.actions.set(action, (this.actions.get(action) ?? 0) + 1)
  }

  /** Searches what came out somewhere. */
  out(sink: string, content: string | Buffer, by = ""): Hit[] {
    const hits = this.search.in(content)
    this.sinks.set(sink, (this.sinks.get(sink) ?? 0) + content.length)
    for (const { about, encoding, around } of hits)
      this.hits.push(`${sink}${by === "" ? "" : `, ${by}`}: "${about}" as ${encoding}: …${JSON.stringify(around)}…`)
    return hits
  }

  /** A call of the hub's API whose whole answer is searched. */
  async call(action: string, hub: HubProcess, method: string, path: string, body?: unknown, options?: Parameters<HubProcess["call"]>[3]): Promise<Answer> {
    const answer = await hub.call(method, path, body, options)
    this.answered(action, answer)
    return answer
  }

  /** An answer that was got in another way. */
  answered(action: string, { status, headers, text }: Answer, sink = "answers"): void {
    this.did(action)
    this.statuses.set(action, (this.statuses.get(action) ?? new Set()).add(status))
    if (status === 500) this.failures.push(`${action}: ${text}`)
    this.out(sink, `${text}\n${JSON.stringify([...headers])}`, `${action} ${status}`)
  }

  /** `3 create [201]` per action, for whoever reads the run. */
  summary(): string {
    return [...this.actions].map(([action, times]) => `${times} ${action} [${[...(this.statuses.get(action) ?? [])].sort().join(" ")}]`).join(", ")
  }
}
