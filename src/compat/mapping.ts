import type { AnyConnector } from "../core/connector.ts"
import type { Registry } from "../core/registry.ts"

export type Settings = Readonly<Record<string, unknown>>

/** A connector type in a vendor's API, with the rows of its document, which apply in both directions. */
export interface TypeMapping {
  /** The vendor's name. */
  readonly name: string
  /** The hub's type. */
  readonly type: string
  readonly rows: readonly Row[]
  /** The initial config of a connector with this type, if it differs from the type's defaults. */
  readonly initial?: Settings
}

/** A value of the vendor's document and its place in the config. */
export interface Row {
  /** Pointer into the vendor's document: `/credentials/username`. Several, if one value of ours is split into several of theirs. */
  readonly theirs: string | readonly string[]
  /**
   * Place in the config: a pointer in which a variant's kind follows a colon, `/auth:token/token`. Without it, the value is only
   * kept in the document and shown as it was sent.
   */
  readonly ours?: string
  /** Whether the vendor requires the (first) value when the object that contains it is sent. */
  readonly required?: true | ((document: Settings) => boolean)
  /** Whether the value is left out of the stored document. */
  readonly secret?: true
  /** The fault of the values, as a text that follows the name; undefined if there is none. */
  readonly check?: (...values: unknown[]) => string | undefined
  /** Converts the values to ours; undefined leaves the config unchanged. Without it, the value is the same. */
  readonly read?: (...values: unknown[]) => unknown
  /** Converts our value to theirs, to a list if there are several; undefined shows nothing. `config` is the whole config, with secrets as masks. */
  readonly write?: (value: unknown, config: Settings) => unknown
  /** The hub's value when the client sends none. Absent: the type's default. */
  readonly absent?: unknown
  /** Whether the value is only read: it is shown as it was sent, and the stored value is kept if it is not sent. */
  readonly oneWay?: true
}

/** A mapping to a type that this hub has. */
export type Built<M extends TypeMapping> = M & { readonly connector: AnyConnector }

/** The mappings to types that this hub has. */
export const built = <M extends TypeMapping>(mappings: readonly M[], registry: Registry): Built<M>[] =>
  mappings.flatMap((mapping) => {
    const connector = registry.find(mapping.type)
    return connector === undefined ? [] : [{ ...mapping, connector }]
  })

/** The types of a vendor's page that are not built yet. */
export const notBuilt = (page: readonly string[], mappings: readonly TypeMapping[]): string[] =>
  page.filter((name) => !mappings.some((mapping) => mapping.name === name))

export const isSettings = (value: unknown): value is Settings => value !== null && typeof value === "object" && !Array.isArray(value)

/** Whether a value is set: neither null nor an empty text. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

/** The pointers of a row's values. */
export const pointersOf = ({ theirs }: Pick<Row, "theirs">): readonly string[] => (typeof theirs === "string" ? [theirs] : theirs)
