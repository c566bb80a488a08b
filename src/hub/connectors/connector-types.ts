import { type AnyConnector, capabilities, type Proof } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { didYouMean } from "../../core/nearest.ts"
import type { Registry } from "../../core/registry.ts"
import { describeFields, type FieldDescription, type JsonSchema, jsonSchema } from "../../core/schema.ts"

/** A connector type as people and forms need it. */
export interface TypeDescription {
  readonly type: string
  readonly title: string
  readonly category: string
  readonly summary: string
  readonly capabilities: readonly string[]
  readonly proof: Proof
  readonly provenBy: string | null
  /** Other names under which it is found. */
  readonly aliases: readonly string[]
  readonly schema: JsonSchema
  readonly fields: readonly FieldDescription[]
}

export const describeType = (connector: AnyConnector): TypeDescription => ({
  type: connector.type,
  title: connector.title,
  category: connector.category,
  summary: connector.summary,
  capabilities: ["test", ...capabilities(connector)],
  proof: connector.proof,
  provenBy: connector.provenBy ?? null,
  aliases: (connector.url?.schemes ?? []).filter((scheme) => scheme !== connector.type),
  schema: jsonSchema(connector.fields),
  fields: describeFields(connector.fields),
})

/** The type of that name or alias. An unknown type is a fault of the request, and the error lists the known types. */
export function typeOf(registry: Registry, type: string): AnyConnector {
  const found = registry.named(type)
  if (found !== undefined) return found
  const names = registry.all().map((each) => each.type)
  const message = `There is no connector type "${type.slice(0, 60)}"; the types are ${names.join(", ")}.${didYouMean(type, names)}`
  throw new PlatformError("request_invalid", message, { faults: [{ pointer: "/type", message }] })
}
