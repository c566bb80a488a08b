import { Counter, Histogram, Registry } from "prom-client"
import type { RequestFacts } from "../../core/call.ts"

/** Measures one use of a connector. */
export interface UseMeter {
  waited(ms: number): void
  rows(count: number): void
  ended(outcome: string): void
}

/** The hub's counters of its own work. Their labels are few and fixed; names that workspaces chose are never among them. */
export class Counters {
  readonly registry = new Registry()
  readonly checks = this.#counter("checks_total", "Scheduled checks that were made", ["result"])
  readonly deliveries = this.#counter("webhook_deliveries_total", "Attempts to deliver to webhooks", ["result"])
  readonly webhooksDisabled = this.#counter("webhooks_disabled_total", "Webhooks switched off after long failure", [])
  readonly breakerOpens = this.#counter("breaker_opens_total", "Connectors that tests did not reach five times in a row", [])
  readonly probes = this.#counter("probes_total", "Tests that dialled", [])
  readonly probesShared = this.#counter("probes_shared_total", "Tests that were answered by a probe already going on", [])
  readonly refused = this.#counter("refused_total", "What was refused because its workspace had too much of it", ["kind"])
  readonly #requestBytes = this.#counter("connector_request_bytes_total", "Bytes of the bodies of connectors' HTTP requests and answers", ["type", "direction"])
  readonly #requests = new Histogram({
    name: "jackfield_connector_request_seconds",
    help: "Time of one HTTP request of a connector, in seconds, by the connector's type and the class of the answer's status",
    labelNames: ["type", "outcome"] as const,
    buckets: [0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.registry],
  })

  readonly #uses = new Histogram({
    name: "jackfield_connector_use_seconds",
    help: "Time of one query, discovery or call over a connector, from its start after all waiting to its end, in seconds; the outcome is ok, left by its reader, or the code of the error",
    labelNames: ["kind", "type", "outcome"] as const,
    buckets: [0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers: [this.registry],
  })
  readonly #waits = new Histogram({
    name: "jackfield_connector_limit_wait_seconds",
    help: "Time that a use waited for the rate and concurrency limits of its connector, in seconds",
    labelNames: ["type"] as const,
    buckets: [0.001, 0.02, 0.1, 0.5, 2, 10, 30],
    registers: [this.registry],
  })
  readonly #rows = this.#counter("connector_rows_read_total", "Rows that queries and reads gave out", ["type"])

  /** A use of a connector of that type: its wait for the limits in milliseconds, the rows that it gives, and its end. */
  useOf(kind: string, type: string): UseMeter {
    let begunAt: number | undefined
    return {
      waited: (ms) => {
        this.#waits.observe({ type }, ms / 1_000)
        begunAt = performance.now()
      },
      rows: (count) => this.#rows.inc({ type }, count),
      // A use that was refused before it began has no duration.
      ended: (outcome) => this.#uses.observe({ kind, type, outcome }, begunAt === undefined ? 0 : (performance.now() - begunAt) / 1_000),
    }
  }

  /** Counts the HTTP requests of connectors of that type. */
  measured(type: string): (facts: RequestFacts) => void {
    return ({ outcome, durationMs, sentBytes, receivedBytes }) => {
      this.#requests.observe({ type, outcome }, durationMs / 1_000)
      this.#requestBytes.inc({ type, direction: "sent" }, sentBytes)
      this.#requestBytes.inc({ type, direction: "received" }, receivedBytes)
    }
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name: `jackfield_${name}`, help, labelNames: [...labelNames], registers: [this.registry] })
  }
}
