import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import { hiddenSecrets } from "../hidden-secrets.ts"
import { unfit } from "./errors.ts"
import { isGiven, isSettings, type Kind, MASK, type Settings } from "./kind.ts"

/** The native config that a configuration is, and the configuration with its secrets cut out. Throws `config_invalid` for the first fault. */
export function nativeOf(kind: Kind, configuration: Settings, stored: Settings | undefined): { config: Record<string, unknown>; document: Settings } {
  for (const key of kind.required) if (!isGiven(configuration[key])) throw unfit(`The property '#/' did not contain a required property of '${key}'.`)
  for (const key of Object.keys(kind.kept)) if (isGiven(configuration[key]) && typeof configuration[key] !== "string") throw unfit(`${key} must be text.`)
  const config = kind.toNative(configuration, stored)
  const hidden = Object.entries(configuration).flatMap(([key, value]) => hiddenIn(kind, key, value))
  if (hidden.length > 0) throw unfit(`${hidden.join(", ")} looks like a credential that could not be kept safe there.`)
  return {
    config,
    document: Object.fromEntries(Object.entries(configuration).map(([key, value]) => [key, kind.mapped.includes(key) ? masked(key, value) : value])),
  }
}

function hiddenIn(kind: Kind, key: string, value: unknown): string[] {
  if (!kind.mapped.includes(key)) return hiddenSecrets(key, value)
  if (key !== "credentials" || !isSettings(value)) return []
  const { username: _, password: __, ...others } = value
  return hiddenSecrets("credentials", others)
}

function masked(key: string, value: unknown): unknown {
  if (!isSettings(value)) return value
  if (key === "credentials") return { ...value, password: MASK }
  return Object.fromEntries(Object.keys(value).map((name) => [name, MASK]))
}

/** A configuration as it was sent where that still holds, with what was changed elsewhere since; secrets masked. */
export function configurationOf(kind: Kind, view: ConnectorView): Settings {
  const now = kind.toConfiguration(view.config)
  const sent = view.compat === "aisquared" ? view.document : null
  if (sent === null) return { ...given(kind.kept), ...now }
  return merged(sent, now, (key, value) => kind.mapped.includes(key) && !isEmpty(value) && kind.implied?.[key]?.includes(value) !== true)
}

/** In the order of `now`, since the store does not keep that of a document. */
function merged(sent: Settings, now: Settings, isGone: (key: string, value: unknown) => boolean): Settings {
  const out: Record<string, unknown> = {}
  for (const [key, current] of Object.entries(now)) {
    const value = sent[key]
    if (isSettings(value) && isSettings(current)) out[key] = merged(value, current, (name, each) => (key !== "credentials" || isLogin(name)) && !isEmpty(each))
    else out[key] = Object.hasOwn(sent, key) && String(value) === String(current) ? value : current
  }
  for (const [key, value] of Object.entries(sent)) if (!(key in now) && !isGone(key, value)) out[key] = value
  return out
}

const isLogin = (key: string): boolean => ["auth_type", "username", "password"].includes(key)

const isEmpty = (value: unknown): boolean => !isGiven(value) || (isSettings(value) && Object.keys(value).length === 0)

const given = (kept: Kind["kept"]): Settings => Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
