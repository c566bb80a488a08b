import { generateKeyPairSync } from "node:crypto"
import { openConfig, parseConfig } from "../../src/core/config.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import { PlatformError } from "../../src/core/errors.ts"
import type { Field, Fields } from "../../src/core/fields.ts"
import { open, type Session } from "../../src/core/session.ts"
import type { OpenLease } from "../../src/net/door.ts"

export interface Target {
  /** The place of the value, as `targetFields` names it. */
  readonly path: readonly string[]
  readonly value: string
  /** The value of a `port` in the same group. */
  readonly port: number
}

/** The smallest config of a type with the value at the target's place; other required fields get a sample. */
export function configWith(fields: Fields, target: Target): Record<string, unknown> {
  const [name = "", ...rest] = target.path
  const out: Record<string, unknown> = {}
  for (const [each, field] of Object.entries(fields)) {
    if (each === name) out[each] = at(field, { ...target, path: rest })
    else if (each === "port" && rest.length === 0) out[each] = target.port
    else if (field.required) out[each] = sample(field)
  }
  return out
}

function at(field: Field, target: Target): unknown {
  const [step, ...rest] = target.path
  if (step === undefined) return target.value
  if (field.kind === "list") return [configWith(field.fields ?? {}, { ...target, path: rest })]
  const kind = step.replace(/^kind=/, "")
  return { kind, ...configWith(field.variants?.[kind]?.fields ?? {}, { ...target, path: rest }) }
}

const KEY = String(generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs8", format: "pem" }))

function sample(field: Field): unknown {
  switch (field.kind) {
    case "integer":
      return field.min ?? 1
    case "flag":
      return false
    case "choice":
      return field.options?.[0]
    case "list":
      return []
    case "variant": {
      const [kind = "", variant] = Object.entries(field.variants ?? {})[0] ?? []
      return { kind, ...configWith(variant?.fields ?? {}, { path: [], value: "", port: 1 }) }
    }
    default:
      // A real one, so that a login by key does not end the attempt before it dials.
      if (field.format === "pem") return KEY
      return field.example ?? (field.format === "host" ? "db.example" : "sample")
  }
}

/** The outcome of an attempt: rejected by the parser, denied by the egress policy, or neither, which is a hole. */
export type Outcome = { readonly by: "parse" | "dial"; readonly code: string; readonly error?: PlatformError } | { readonly by: "hole"; readonly what: string }

const DENIALS = new Set(["egress_denied", "host_not_found", "dns_failed", "config_invalid"])

/** Runs all steps of a test: parse, open, test. Anything except a rejection by the parser or a denial by the egress policy is a hole. */
export async function attempt(
  connector: AnyConnector,
  posted: unknown,
  lease: OpenLease,
  use: (session: Session) => Promise<unknown> = (session) => session.test(),
): Promise<Outcome> {
  const config = parsed(connector, posted)
  if (config === undefined) return { by: "parse", code: "config_invalid" }
  try {
    await using session = await open(connector, config, lease)
    await use(session)
    return { by: "hole", what: "it passed" }
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return DENIALS.has(error.code) ? { by: "dial", code: error.code, error } : { by: "hole", what: `${error.code}: ${error.message}` }
  }
}

/** The config that `connect` gets; undefined if the parser rejects it. */
export function parsed(connector: AnyConnector, posted: unknown): Record<string, unknown> | undefined {
  const { plain, secrets, faults, missing } = parseConfig(connector.fields, posted)
  if (faults.length + missing.length > 0) return undefined
  const values = [...secrets].flatMap(([pointer, change]): [string, string][] => (change === "keep" ? [] : [[pointer, change.value]]))
  return openConfig(connector.fields, plain, new Map(values))
}
