import type { Answer } from "../../support/ask.ts"
import type { HubProcess } from "../../support/hub-process.ts"
import type { Hit, Search } from "./search.ts"

/** Searches all output of the hub as it arrives, and counts the actions, the bytes per sink, and the findings. */
export class Ledger {
  readonly search: Search
  readonly actions = new Map<string, number>()
  readonly statuses = new Map<string, Set<number>>()
  readonly sinks = new Map<string, number>()
  readonly hits: string[] = []
  /** Answers with status 500, which are faults of the hub itself. */
  readonly failures: string[] = []

  constructor(search: Search) {
    this.search = search
  }

  /** Records an action. */
  did(action: string): void {
    this.actions.set(action, (this.actions.get(action) ?? 0) + 1)
  }

  /** Searches the output of a sink. */
  out(sink: string, content: string | Buffer, by = ""): Hit[] {
    const hits = this.search.in(content)
    this.sinks.set(sink, (this.sinks.get(sink) ?? 0) + content.length)
    for (const { about, encoding, around } of hits)
      this.hits.push(`${sink}${by === "" ? "" : `, ${by}`}: "${about}" as ${encoding}: …${JSON.stringify(around)}…`)
    return hits
  }

  /** Calls the hub's API and searches the whole answer. */
  async call(action: string, hub: HubProcess, method: string, path: string, body?: unknown, options?: Parameters<HubProcess["call"]>[3]): Promise<Answer> {
    const answer = await hub.call(method, path, body, options)
    this.answered(action, answer)
    return answer
  }

  /** Searches an answer that was received in another way. */
  answered(action: string, { status, headers, text }: Answer, sink = "answers"): void {
    this.did(action)
    this.statuses.set(action, (this.statuses.get(action) ?? new Set()).add(status))
    if (status === 500) this.failures.push(`${action}: ${text}`)
    this.out(sink, `${text}\n${JSON.stringify([...headers])}`, `${action} ${status}`)
  }

  /** A summary for people, with `3 create [201]` for each action. */
  summary(): string {
    return [...this.actions].map(([action, times]) => `${times} ${action} [${[...(this.statuses.get(action) ?? [])].sort().join(" ")}]`).join(", ")
  }
}
