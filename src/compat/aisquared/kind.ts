import type { Side } from "../../hub/connectors/connector-lists.ts"

export type Settings = Readonly<Record<string, unknown>>

/** A secret as AI Squared shows it: thirteen asterisks. Sent back, it keeps the stored value. */
export const MASK = "*************"

/** A connector definition of AI Squared (`connector_name` on one side), and how its configuration reads in the native config. */
export interface Kind {
  readonly name: string
  readonly side: Side
  /** The native type. */
  readonly native: string
  /** Keys that the vendor's definition requires. */
  readonly required: readonly string[]
  /** Keys that the native config answers for; all others are shown as they were sent. */
  readonly mapped: readonly string[]
  /** Keys beside those, which must be text, and what is shown of them when nobody sent any. */
  readonly kept: Readonly<Record<string, string | undefined>>
  /** Values of mapped keys that say no more than their absence. */
  readonly implied?: Readonly<Record<string, readonly unknown[]>>
  /** The native config, `null` for what is not given; `stored` is what a change finds. Throws `config_invalid`. */
  toNative(configuration: Settings, stored: Settings | undefined): Record<string, unknown>
  /** The mapped keys of a native config, secrets masked; what is not set is left out. */
  toConfiguration(native: Settings): Settings
}

export const isSettings = (value: unknown): value is Settings => value !== null && typeof value === "object" && !Array.isArray(value)

/** Not null, not empty. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

export const given = (settings: Settings): Settings => Object.fromEntries(Object.entries(settings).filter(([, value]) => isGiven(value)))
