import type { AnyConnector } from "../../core/connector.ts"
import { named } from "../schemas/basics.ts"
import { ConnectorInput, ConnectorPatch, UnsavedTestInput, WantedConnector } from "../schemas/connectors.ts"
import { type JsonSchema, refTo } from "./components.ts"
import { changeSchema, configSchema } from "./config-schemas.ts"
import { pascalCase, withSharedParts } from "./shared-parts.ts"

/**
 * The bodies that hold a config, as the document has them: unions by connector type, drawn from the registry. The hub
 * checks a config against the same fields, in two steps, so that drafts are possible and all faults are reported at once.
 */
export function connectorBodies(types: readonly AnyConnector[]): Readonly<Record<string, JsonSchema>> {
  const configs = withSharedParts(types.map(({ fields }) => configSchema(fields)))
  const changes = withSharedParts(
    types.map(({ fields }) => changeSchema(fields)),
    "Change",
  )
  const whole = members(types, "Connector", configs)
  const changed = members(types, "ConnectorChange", changes)
  const draft = named("DraftConfig", {
    type: "object",
    description: "A config that lacks required fields",
    properties: {
      type: named("ConnectorTypeName", { enum: types.map(({ type }) => type) }),
      config: { type: "object", additionalProperties: true },
      draft: { const: true },
    },
    required: ["type", "config", "draft"],
  })
  const sameType = { type: "object", description: "A change that keeps the type", properties: { config: { anyOf: changed.map(({ config }) => config) } } }
  return {
    ConnectorInput: beside(ConnectorInput, { anyOf: [union("TypedConfig", whole), draft] }),
    UnsavedTestInput: beside(UnsavedTestInput, { oneOf: schemasOf(whole) }),
    WantedConnector: beside(WantedConnector, { oneOf: schemasOf(changed) }),
    ConnectorPatch: beside(ConnectorPatch, { anyOf: [sameType, union("TypedConfigChange", changed)] }),
  }
}

interface Member {
  readonly type: string
  readonly name: string
  readonly config: JsonSchema
  readonly schema: JsonSchema
}

/** One object per type, with its type and its config. */
const members = (types: readonly AnyConnector[], suffix: "Connector" | "ConnectorChange", configs: readonly JsonSchema[]): readonly Member[] =>
  types.map((each, index) => {
    const name = `${pascal(each)}${suffix}`
    const config = named(name.replace("Connector", "Config"), { ...configs[index] })
    const properties = { type: { const: each.type }, config }
    return { type: each.type, name, config, schema: named(name, { type: "object", title: each.title, properties, required: ["type", "config"] }) }
  })

const schemasOf = (all: readonly Member[]): readonly JsonSchema[] => all.map(({ schema }) => schema)

/** The members as one named union; `type` is its discriminator. */
const union = (name: string, all: readonly Member[]): JsonSchema =>
  named(name, {
    oneOf: schemasOf(all),
    discriminator: { propertyName: "type", mapping: Object.fromEntries(all.map((each) => [each.type, refTo(each.name)["$ref"]])) },
  })

/** The body's other fields, beside the part that has type and config. */
function beside(body: unknown, part: JsonSchema): JsonSchema {
  const { properties, required = [] } = body as { readonly properties: Readonly<Record<string, unknown>>; readonly required?: readonly string[] }
  const { type: _, config: __, ...others } = properties
  const needed = required.filter((name) => name in others)
  const fields = { type: "object", properties: others, ...(needed.length === 0 ? {} : { required: needed }) }
  return { allOf: [fields, part], unevaluatedProperties: false }
}

const pascal = ({ type }: AnyConnector): string => pascalCase(type)
