import type { Plan } from "../../hub/base/plans.ts"
import type { ConnectorInput } from "../../hub/connectors/connector-input.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Settings } from "../mapping.ts"
import { readConfig } from "../read-config.ts"
import type { ConnectorBody, NameValue } from "./body.ts"
import { shownLimits, typeOf } from "./shape.ts"
import { CONNECTOR, loginRow, MASK } from "./types.ts"

/** The hub's maximum limits; a larger number is stored as the maximum. */
const MOST_REQUESTS = 1_000_000
const MOST_CONCURRENCY = 10_000

type Input = Pick<ConnectorInput, "title" | "purpose" | "limits" | "config">

/** Converts a body to the hub's input. In a replacement of `stored`, masks keep their values, and limits that look the same are kept. */
export function inputOf(body: ConnectorBody, stored: ConnectorView | undefined, plan: Plan): Input {
  return {
    title: body.name,
    purpose: stored !== undefined && typeOf(stored) === body.type ? stored.purpose : (body.type as NonNullable<Input["purpose"]>),
    limits: limitsOf(body, stored, plan),
    config: configFrom(body, stored),
  }
}

/** Converts a body to a config. A login that is stored separately is kept by its mask among the headers or parameters. */
function configFrom(body: ConnectorBody, stored: ConnectorView | undefined): Settings {
  const login = stored === undefined ? undefined : loginRow(stored.config)
  const isLogin = ({ name, value }: NameValue): boolean => name === login?.name && value === MASK
  const document = login === undefined ? body : { ...body, [login.field]: body[login.field].filter((row) => !isLogin(row)) }
  const keepsLogin = login !== undefined && body[login.field].some(isLogin)
  const config = readConfig(CONNECTOR.rows, { ...document }, { is: () => false, stored: undefined })
  return { ...config, ...(keepsLogin ? {} : { auth: { kind: "none" } }) }
}

function limitsOf({ rate_limit, max_concurrency }: ConnectorBody, stored: ConnectorView | undefined, plan: Plan): Settings | null {
  const before = stored?.limits ?? {}
  const seen = shownLimits(before, plan)
  const rate = (perMinute: number): Settings =>
    perMinute === seen.rate_limit
      ? { requests: before["requests"], perMs: before["perMs"] ?? 60_000 }
      : { requests: Math.min(perMinute, MOST_REQUESTS), perMs: 60_000 }
  const concurrency = (most: number): unknown => (most === seen.max_concurrency ? before["concurrency"] : Math.min(most, MOST_CONCURRENCY))
  const limits = {
    ...(rate_limit === null ? {} : rate(rate_limit)),
    ...(max_concurrency === null ? {} : { concurrency: concurrency(max_concurrency) }),
  }
  return Object.keys(limits).length === 0 ? null : limits
}
