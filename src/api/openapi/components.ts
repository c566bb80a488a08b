import { isDeepStrictEqual } from "node:util"
import { PlatformError } from "../../core/errors.ts"
import { COMPONENT, REFERENCE } from "../schemas/basics.ts"

/** A JSON Schema as the document has it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** The named parts of the document: each is written once, and referred to wherever it is used. */
export class Components {
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #parameters = new Map<string, JsonSchema>()
  readonly #replaced: Readonly<Record<string, JsonSchema>>

  /** `replaced`: schemas by name, which the document shows instead of the ones that validate requests. */
  constructor(replaced: Readonly<Record<string, JsonSchema>>) {
    this.#replaced = replaced
  }

  /** A schema of ours as the document has it: named ones as references. */
  schema(schema: unknown): JsonSchema {
    const { [COMPONENT]: name, ...plain } = schema as JsonSchema
    if (name === undefined) return this.#written(plain)
    this.#keep(this.#schemas, String(name), () => this.#written(this.#replaced[String(name)] ?? plain))
    return refTo(String(name))
  }

  /** A parameter; one whose schema is named and stands for itself alone is a reference. */
  parameter(place: "path" | "query" | "header", name: string, required: boolean, schema: JsonSchema): JsonSchema {
    const { [COMPONENT]: component, description, examples, ...plain } = schema
    const [example] = (examples ?? []) as readonly unknown[]
    // A schema that bodies use as well stays a schema, and the parameter refers to it.
    const shared = component !== undefined && /^[A-Z]/.test(String(component))
    const written = {
      name,
      in: place,
      ...(required ? { required } : {}),
      ...(description === undefined ? {} : { description }),
      schema: shared ? this.schema(schema) : this.#written(plain),
      ...(example === undefined ? {} : { example }),
    }
    if (component === undefined || shared) return written
    this.#keep(this.#parameters, String(component), () => written)
    return { $ref: `#/components/parameters/${String(component)}` }
  }

  /** All of them, in the order of their names. */
  all(): { readonly schemas: JsonSchema; readonly parameters: JsonSchema } {
    return { schemas: sorted(this.#schemas), parameters: sorted(this.#parameters) }
  }

  #keep(kept: Map<string, JsonSchema>, name: string, make: () => JsonSchema): void {
    const before = kept.get(name)
    // A schema may contain itself, so its name is registered before the schema is written.
    if (before === undefined) kept.set(name, PENDING)
    if (before === PENDING) return
    const made = make()
    if (before !== undefined && !isDeepStrictEqual(before, made))
      throw new PlatformError("internal", `Two different schemas have the name ${name}; give one of them another.`)
    kept.set(name, made)
  }

  #written(schema: JsonSchema): JsonSchema {
    const reference = schema[REFERENCE]
    if (reference !== undefined) return refTo(String(reference))
    return Object.fromEntries(Object.entries(tidied(schema)).map(([keyword, value]) => [keyword, this.#value(keyword, value)]))
  }

  #value(keyword: string, value: unknown): unknown {
    if (LISTS.includes(keyword)) return (value as readonly unknown[]).map((each) => this.schema(each))
    if (MAPS.includes(keyword)) return Object.fromEntries(Object.entries(value as JsonSchema).map(([name, each]) => [name, this.schema(each)]))
    return SCHEMAS.includes(keyword) && typeof value === "object" ? this.schema(value) : value
  }
}

export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const PENDING: JsonSchema = {}
/** Keywords whose value is a list of schemas, a map of schemas, or a schema. */
const LISTS = ["allOf", "anyOf", "oneOf"]
const MAPS = ["properties", "patternProperties"]
const SCHEMAS = ["items", "additionalProperties"]

const sorted = (parts: ReadonlyMap<string, JsonSchema>): JsonSchema => Object.fromEntries([...parts].sort(([one], [other]) => (one < other ? -1 : 1)))

/** The schema in the form that most tools understand: an enum has a type, and a map with any names is `additionalProperties`. */
function tidied(schema: JsonSchema): JsonSchema {
  const { enum: values, patternProperties, ...rest } = schema
  const all = (patternProperties as JsonSchema | undefined)?.["^.*$"]
  return {
    ...(Array.isArray(values) ? { type: "string", enum: values } : {}),
    ...rest,
    ...(all !== undefined ? { additionalProperties: all } : patternProperties === undefined ? {} : { patternProperties }),
  }
}
