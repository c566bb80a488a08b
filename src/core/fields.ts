import { inspect } from "node:util"

/** A credential in memory. It prints as "[secret]" everywhere; only `reveal()` returns its value. */
export class Secret {
  readonly #value: string
  /**
   * The value is not secret (`Content-Type`): it is stored and shown in plain text, and never scrubbed from texts.
   */
  readonly plain: boolean

  constructor(value: string, plain = false) {
    this.#value = value
    this.plain = plain
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return "[secret]"
  }

  toJSON(): string {
    return "[secret]"
  }

  [inspect.custom](): string {
    return "[secret]"
  }
}

export type FieldKind = "text" | "integer" | "flag" | "choice" | "secret" | "variant" | "list"

/** The meaning of a text: forms draw it, the parser checks it, and the egress suite tests it. */
export type TextFormat = "host" | "url" | "pem" | "multiline" | "name" | "upload"

/**
 * One config field. It is plain data, so that forms, JSON Schema, docs and CLI flags derive from it. `fields` are the
 * columns of a list's rows, `variants` the alternatives of a variant by kind.
 */
export interface Field<T = unknown> {
  readonly kind: FieldKind
  readonly title: string
  readonly help?: string
  readonly example?: string
  readonly required: boolean
  readonly default?: T
  readonly options?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly maxLength?: number
  readonly format?: TextFormat
  readonly variants?: Readonly<Record<string, Variants>>
  readonly fields?: Fields
  /** List only: the field that names a row; a stored secret finds its row by this name. */
  readonly by?: string
  /**
   * Secret only: a pattern of the names of rows whose value is not secret (`Content-Type`); it is then stored and shown
   * in plain text. Case does not matter.
   */
  readonly plainNames?: string
  /**
   * Text and secret only: the problem with a value, worded to follow the title; undefined if the value is valid.
   * Never called with "".
   */
  readonly check?: (value: string) => string | undefined
  /** For a text with a format: extracts the part of the value to which the format applies. */
  readonly formatted?: (value: string) => string
  /**
   * The field decides where the connection goes. If its value changes, stored secrets are dropped, because they would
   * be sent to the new destination.
   */
  readonly aims?: Aims
  /**
   * The field belongs to the login, such as a user to a password: it is staged, switched and rolled back together
   * with the secrets.
   */
  readonly login?: true
  /** Ties the field to its TypeScript type; never present at run time. */
  readonly __type?: T
}

/**
 * `true`: the field decides the destination of the whole connection. `"within"`: the inner fields only decide where
 * the inner secrets go, such as a separate address for the login.
 */
export type Aims = true | "within"

export interface Variants {
  readonly title: string
  readonly fields: Fields
}

export type Fields = Readonly<Record<string, Field>>

type Value<F> = F extends Field<infer T> ? T : never

/** The TypeScript type of a parsed config: `{ host: string; password: Secret; … }`. */
export type Config<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> }

interface Meta<T> {
  readonly help?: string
  readonly example?: string
  readonly default?: T
}
interface TextMeta extends Meta<string> {
  readonly aims?: true
  readonly login?: true
  readonly check?: (value: string) => string | undefined
  readonly format?: TextFormat
  readonly formatted?: (value: string) => string
  readonly maxLength?: number
}
interface IntegerMeta extends Meta<number> {
  readonly min?: number
  readonly max?: number
}
interface SecretMeta {
  readonly check?: (value: string) => string | undefined
  readonly help?: string
  /** Its form, with dots for what is secret. */
  readonly example?: string
  readonly format?: TextFormat
  readonly maxLength?: number
  readonly plainNames?: string
}

/** A string, at most 4,096 characters by default. */
export const text = (title: string, meta: TextMeta = {}): Field<string> => ({ kind: "text", title, required: meta.default === undefined, ...meta })

/** A DNS name or an IP literal, as entered: never a URL, a path, or text with `/ @ % ? #` or a control character. */
export const host = (title: string, meta: Meta<string> = {}): Field<string> => text(title, { format: "host", maxLength: 253, aims: true, ...meta })

/** A TCP port, 1 to 65535. */
export const port = (title: string, meta: Meta<number> = {}): Field<number> => ({ ...integer(title, { min: 1, max: 65535, ...meta }), aims: true })

export const integer = (title: string, meta: IntegerMeta = {}): Field<number> => ({ kind: "integer", title, required: meta.default === undefined, ...meta })

export const flag = (title: string, meta: Meta<boolean> = {}): Field<boolean> => ({ kind: "flag", title, required: false, default: false, ...meta })

export const choice = <const O extends readonly string[]>(title: string, options: O, meta: Meta<O[number]> = {}): Field<O[number]> => ({
  kind: "choice",
  title,
  options,
  required: meta.default === undefined,
  ...meta,
})

/**
 * A credential: stored encrypted and apart from the rest, shown as `{ set, fingerprint }`, held as a `Secret` in
 * memory.
 */
export const secret = (title: string, meta: SecretMeta = {}): Field<Secret> => ({ kind: "secret", title, required: true, ...meta })

type Variant<V extends Record<string, Variants>> = { [K in keyof V]: { readonly kind: K } & Config<V[K]["fields"]> }[keyof V]

/** One of several alternatives, distinguished by `kind`: `{ kind: "basic", username, password }`. */
export const variant = <const V extends Record<string, Variants>>(
  title: string,
  variants: V,
  meta: { help?: string; default?: keyof V & string; aims?: Aims } = {},
): Field<Variant<V>> => ({
  kind: "variant",
  title,
  variants,
  required: meta.default === undefined,
  ...(meta.help === undefined ? {} : { help: meta.help }),
  ...(meta.aims === undefined ? {} : { aims: meta.aims }),
  ...(meta.default === undefined ? {} : { default: { kind: meta.default } as Variant<V> }),
})

/** Rows of fields, at most `max` (100): `[{ name, value }]`. */
export const list = <F extends Fields>(
  title: string,
  fields: F,
  meta: { help?: string; by?: keyof F & string; max?: number } = {},
): Field<readonly Config<F>[]> => ({ kind: "list", title, fields, required: false, default: [], max: 100, ...meta })

/** The same field, but optional; the config has `undefined` if it is left out. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => {
  const { default: _, ...rest } = field
  return { ...rest, required: false }
}

/** Whether the value of a secret in that row is not secret after all. */
export const isPlainRow = ({ plainNames }: Pick<Field, "plainNames">, { name }: Readonly<Record<string, unknown>>): boolean =>
  plainNames !== undefined && typeof name === "string" && new RegExp(plainNames, "i").test(name)
