import type { Plan } from "../../hub/base/plans.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Settings } from "../mapping.ts"
import { writeDocument } from "../write-document.ts"
import { type ConnectorBody, METHODS, TYPES } from "./body.ts"
import { CONNECTOR, MASK } from "./types.ts"

/** The Connector of the page. */
export interface Shown extends ConnectorBody {
  readonly id: number
  readonly created_at: string
}

/** The members that come from the config, in the page's order; a document has only those that are set. */
const EMPTY: Pick<Shown, "method" | "url" | "headers" | "parameters" | "body" | "body_template"> = {
  method: "",
  url: "",
  headers: [],
  parameters: [],
  body: [],
  body_template: null,
}

/** Whether Databar can show the connector: an HTTP connector with one of Databar's four methods. */
export const isNamed = ({ type, config }: ConnectorView): boolean => type === CONNECTOR.type && METHODS.includes(String(config["method"]).toLowerCase())

/** A connector in Databar's form: with masked secrets, and with limits up to the plan's. */
export function shown(view: ConnectorView, plan: Plan): Shown {
  const document = writeDocument(CONNECTOR.rows, view.config, { sent: undefined, mask: MASK, defaults: undefined })
  return {
    id: view.serial,
    name: view.title,
    type: typeOf(view),
    ...EMPTY,
    ...document,
    ...shownLimits(view.limits, plan),
    created_at: view.createdAt.replace(/\.\d+Z$/, "Z"),
  }
}

/** The type of a connector; one that was created elsewhere is an enrichment, unless it is a destination. */
export function typeOf({ purpose }: ConnectorView): string {
  if (purpose !== null && TYPES.includes(purpose)) return purpose
  return purpose === "destination" ? "exporter" : "enrichment"
}

/** The limits per minute. A limit above the plan's is shown as the plan's; no limit is shown as null. */
export function shownLimits(limits: Settings | null, plan: Plan): Pick<Shown, "rate_limit" | "max_concurrency"> {
  const { requests, perMs, concurrency } = limits ?? {}
  const perMinute = typeof requests === "number" ? Math.max(1, Math.floor((requests * 60_000) / (typeof perMs === "number" ? perMs : 60_000))) : null
  const capped = (own: number | null, most: number | undefined): number | null => (own === null ? null : Math.min(own, most ?? own))
  return { rate_limit: capped(perMinute, plan.ratePerMinute), max_concurrency: capped(typeof concurrency === "number" ? concurrency : null, plan.concurrency) }
}
