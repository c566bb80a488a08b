import type { Fault } from "../../core/errors.ts"
import type { Address } from "../../core/lease.ts"

export type Settings = Readonly<Record<string, unknown>>

/** A secret as KaireonAI shows it in a config. Sent back, it keeps the stored value. */
export const MASK = "****"

/** Where a key's value lies in the native config: in a field, or in one of a variant's fields (`inner`) when the variant is of `kind`. */
export interface Place {
  readonly field: string
  readonly kind?: string
  readonly inner?: string
  readonly secret?: true
  /** Has a default, so it is shown only to a client who named it. */
  readonly implied?: true
}

/** A connector type as KaireonAI names it, and how its keys read in the native config. */
export interface Kind {
  readonly type: string
  /** The native type. */
  readonly native: string
  /** Keys of `config` that the page requires. */
  readonly required: readonly string[]
  /** Keys of `config`; of several for one place the first is the one that is shown. */
  readonly settings: Readonly<Record<string, Place>>
  /** Values of settings that are left out. */
  readonly implied: Settings
  /** Keys of `authConfig`, taken from `config` too. */
  readonly credentials: Readonly<Record<string, Place>>
  /** A key of `config` that holds others in one text, a secret among them. */
  readonly compound?: { readonly key: string; readonly parse: (text: string) => { config: Settings; credentials: Settings } | Fault }
  /** Keys of `config` that are written otherwise natively. */
  readonly others: readonly Other[]
  /** Changes what the tables made, such as values that follow from the type. */
  complete?(native: Record<string, unknown>): void
  /** What a test without credentials connects to; undefined when there is nothing to connect to. */
  reach(native: Settings): Address | undefined
}

/** Keys that together stand for one native field. */
export interface Other {
  readonly keys: readonly string[]
  readonly field: string
  /** Some of its values may be secret: none of it is in the document. */
  readonly secret?: true
  /** The native value, or what is wrong with the given one. `config` has one of the keys. */
  toNative(config: Settings): { readonly value: unknown } | { readonly fault: Fault }
  /** The keys as they are shown; none when the native value is the default. */
  toConfig(native: unknown): Settings
}

export const isSettings = (value: unknown): value is Settings => value !== null && typeof value === "object" && !Array.isArray(value)

/** The place of a key, which may be any text that a client sent. */
export const placeOf = (places: Readonly<Record<string, Place>>, key: string): Place | undefined => (Object.hasOwn(places, key) ? places[key] : undefined)
