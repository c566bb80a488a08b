import { Counter, Histogram, Registry } from "prom-client"
import type { RequestFacts } from "../../core/call.ts"

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
