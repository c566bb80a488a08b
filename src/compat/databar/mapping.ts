import type { Plan } from "../../hub/base/plans.ts"
import type { ConnectorInput } from "../../hub/connectors/connector-input.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { ConnectorBody, NameValue } from "./body.ts"
import { authRowOf, MASK, shownLimits, typeOf } from "./shape.ts"

/** The hub's own largest limits; a number above is stored as these. */
const MOST_REQUESTS = 1_000_000
const MOST_CONCURRENCY = 10_000

type Input = Pick<ConnectorInput, "title" | "purpose" | "limits" | "config">

/** The hub's input for a body. With `stored`, a replacement: masks keep their values, and what reads the same stays as it is. */
export function inputOf(body: ConnectorBody, stored: ConnectorView | undefined, plan: Plan): Input {
  return {
    title: body.name,
    purpose: stored !== undefined && typeOf(stored) === body.type ? stored.purpose : body.type,
    limits: limitsOf(body, stored, plan),
    config: configOf(body, stored),
  }
}

function configOf(body: ConnectorBody, stored: ConnectorView | undefined): Record<string, unknown> {
  const auth = stored === undefined ? undefined : authRowOf(stored.config)
  const isAuth = (field: string, { name, value }: NameValue): boolean => auth !== undefined && auth.field === field && auth.name === name && value === MASK
  const rows = (field: "headers" | "parameters") => body[field].filter((row) => !isAuth(field, row)).map(native)
  const keepsAuth = auth !== undefined && body[auth.field].some((row) => isAuth(auth.field, row))
  return {
    url: body.url,
    method: body.method.toUpperCase(),
    headers: rows("headers"),
    parameters: rows("parameters"),
    body: body.body.map(native),
    bodyTemplate: body.body_template,
    ...(keepsAuth ? {} : { auth: { kind: "none" } }),
  }
}

const native = ({ name, value }: NameValue): { name: string; value: unknown } => ({ name, value: value === MASK ? { set: true } : value })

function limitsOf({ rate_limit, max_concurrency }: ConnectorBody, stored: ConnectorView | undefined, plan: Plan): Record<string, unknown> | null {
  const before = stored?.limits ?? {}
  const seen = shownLimits(before, plan)
  const limits = {
    ...(rate_limit === null
      ? {}
      : rate_limit === seen.rate_limit
        ? { requests: before["requests"], perMs: before["perMs"] ?? 60_000 }
        : { requests: Math.min(rate_limit, MOST_REQUESTS), perMs: 60_000 }),
    ...(max_concurrency === null
      ? {}
      : { concurrency: max_concurrency === seen.max_concurrency ? before["concurrency"] : Math.min(max_concurrency, MOST_CONCURRENCY) }),
  }
  return Object.keys(limits).length === 0 ? null : limits
}
