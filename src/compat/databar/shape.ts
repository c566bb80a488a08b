import { isMask } from "../../core/config.ts"
import type { Plan } from "../../hub/base/plans.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import { type ConnectorBody, METHODS, type NameValue, TYPES } from "./body.ts"

/** A secret as every answer but a create's shows it. Sent back, it keeps the stored value. */
export const MASK = "********"

/** The Connector of the page. */
export interface Shown extends ConnectorBody {
  readonly id: number
  readonly created_at: string
}

type Plain = Readonly<Record<string, unknown>>

/** Whether Databar has a name for it: an HTTP connector by one of its four methods. */
export const isNamed = ({ type, config }: ConnectorView): boolean => type === "http" && METHODS.includes(methodOf(config))

/** What of a credential that was entered apart from headers and parameters goes where: its mask stands for it there. */
export interface AuthRow {
  readonly field: "headers" | "parameters"
  readonly name: string
}

export function authRowOf(config: Plain): AuthRow | undefined {
  const auth = isPlain(config["auth"]) ? config["auth"] : {}
  switch (auth["kind"]) {
    case "basic":
    case "bearer":
      return { field: "headers", name: "Authorization" }
    case "header":
      return { field: "headers", name: textOf(auth["name"]) }
    case "query":
      return { field: "parameters", name: textOf(auth["name"]) }
    default:
      return undefined
  }
}

/** A connector as Databar shows it: secrets masked, limits under the plan's. */
export function shown(view: ConnectorView, plan: Plan): Shown {
  const { config } = view
  const auth = authRowOf(config)
  const rows = (field: "headers" | "parameters"): NameValue[] => [
    ...rowsOf(config[field]),
    ...(auth?.field === field ? [{ name: auth.name, value: MASK }] : []),
  ]
  return {
    id: view.serial,
    name: view.title,
    type: typeOf(view),
    method: methodOf(config),
    url: textOf(config["url"]),
    headers: rows("headers"),
    parameters: rows("parameters"),
    body: rowsOf(config["body"]),
    body_template: typeof config["bodyTemplate"] === "string" ? config["bodyTemplate"] : null,
    ...shownLimits(view.limits, plan),
    created_at: view.createdAt.replace(/\.\d+Z$/, "Z"),
  }
}

/** What was made elsewhere pulls data in, unless it is a destination. */
export function typeOf({ purpose }: ConnectorView): string {
  if (purpose !== null && TYPES.includes(purpose)) return purpose
  return purpose === "destination" ? "exporter" : "enrichment"
}

/** Per minute; above the plan's it is the plan's, and none stays none. */
export function shownLimits(limits: Plain | null, plan: Plan): Pick<Shown, "rate_limit" | "max_concurrency"> {
  const { requests, perMs, concurrency } = limits ?? {}
  const perMinute = typeof requests === "number" ? Math.max(1, Math.floor((requests * 60_000) / (typeof perMs === "number" ? perMs : 60_000))) : null
  const capped = (own: number | null, most: number | undefined): number | null => (own === null ? null : Math.min(own, most ?? own))
  return { rate_limit: capped(perMinute, plan.ratePerMinute), max_concurrency: capped(typeof concurrency === "number" ? concurrency : null, plan.concurrency) }
}

const methodOf = (config: Plain): string => textOf(config["method"]).toLowerCase()

const rowsOf = (rows: unknown): NameValue[] =>
  Array.isArray(rows) ? rows.filter(isPlain).map(({ name, value }) => ({ name: textOf(name), value: isMask(value) ? MASK : textOf(value) })) : []

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const isPlain = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
