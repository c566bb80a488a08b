import { Counter, Registry } from "prom-client"

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

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name: `jackfield_${name}`, help, labelNames: [...labelNames], registers: [this.registry] })
  }
}
