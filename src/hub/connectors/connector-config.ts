import { type ParsedConfig, parseConfig, type StoredConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { type Fault, PlatformError } from "../../core/errors.ts"

/** Parses a config that a caller sent, its contradictions among the faults; those that a stored config had already stay as they are. */
export function parsedInput(connector: AnyConnector, input: unknown, stored?: StoredConfig): ParsedConfig {
  const parsed = parseConfig(connector.fields, input, stored)
  const known = (stored === undefined ? [] : (connector.contradictions?.(stored.plain) ?? [])).map(({ message }) => message)
  const faults = (connector.contradictions?.(parsed.plain) ?? []).filter(({ message }) => !known.includes(message))
  return faults.length === 0 ? parsed : { ...parsed, faults: [...parsed.faults, ...faults] }
}

/** Throws all faults of a config together, and the missing fields too unless it is a draft. */
export function checked(connector: AnyConnector, parsed: ParsedConfig, draft: boolean): ParsedConfig {
  const faults = [...parsed.faults, ...(draft ? [] : parsed.missing)].map((fault): Fault => ({ ...fault, pointer: `/config${fault.pointer}` }))
  if (faults.length === 0) return parsed
  const message = faults.map((fault) => fault.message).join(" ")
  throw new PlatformError(
    "config_invalid",
    `The ${connector.title} configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}: ${message}`,
    { faults },
  )
}

/** The values of a parsed config's secrets: new ones as given, kept ones as stored. */
export const secretsOf = (parsed: ParsedConfig, stored: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...parsed.secrets].map(([pointer, change]) => [pointer, change === "keep" ? (stored.get(pointer) ?? "") : change.value]))
