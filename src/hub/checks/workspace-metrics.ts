import { Gauge, Registry } from "prom-client"
import type { Store } from "../../store/store.ts"
import type { Principal } from "../base/principal.ts"
import { visibleTo } from "../base/scope.ts"

/** The most connectors in one answer; those that are down come first. */
const MOST = 1_000

/** The states of the workspace's scheduled connectors in Prometheus' text format, for callers who may see the connectors. */
export async function workspaceMetrics(store: Store, by: Principal): Promise<{ readonly contentType: string; readonly text: string }> {
  const rows = await store.inWorkspace(by.workspace.id, (tx) =>
    tx
      .selectFrom("health_checks")
      .innerJoin("connectors", "connectors.id", "health_checks.connector_id")
      .select(["connectors.name", "health_checks.state", "health_checks.checked_at"])
      .where(visibleTo(by))
      .orderBy("health_checks.state")
      .orderBy("connectors.serial")
      .limit(MOST)
      .execute(),
  )
  const registry = new Registry()
  const gauge = (name: string, help: string) => new Gauge({ name: `jackfield_connector_${name}`, help, labelNames: ["connector"], registers: [registry] })
  const up = gauge("up", "Whether scheduled checks find the connector up")
  const checked = gauge("checked_seconds", "When it was last checked, in seconds since 1970")
  for (const { name, state, checked_at } of rows) {
    if (state !== "unknown") up.set({ connector: name }, state === "up" ? 1 : 0)
    if (checked_at !== null) checked.set({ connector: name }, Math.floor(checked_at.getTime() / 1000))
  }
  return { contentType: registry.contentType, text: await registry.metrics() }
}
