import { exampleConfig } from "../core/config-example.ts"
import type { AnyConnector } from "../core/connector.ts"
import { describeFields } from "../core/schema.ts"
import type { AnySpec } from "./operation.ts"

/** One example for each connector type, made of its example config. */
export const configExamples =
  <Body>(body: (type: string, config: Readonly<Record<string, unknown>>) => Body) =>
  (types: readonly AnyConnector[]): Readonly<Record<string, Body>> =>
    Object.fromEntries(types.map(({ type, title, fields }) => [title, body(type, exampleConfig(describeFields(fields)))]))

/** The name of a type's connector in examples. */
export const exampleName = (type: string): string => `my-${type.replaceAll("_", "-")}`

/** The examples of an operation as OpenAPI has them. */
export function examplesOf({ examples }: AnySpec, types: readonly AnyConnector[]): object {
  if (examples === undefined) return {}
  const named = Object.entries(typeof examples === "function" ? examples(types) : examples)
  return { examples: Object.fromEntries(named.map(([summary, value]) => [keyOf(summary), { summary, value }])) }
}

const keyOf = (summary: string): string =>
  summary
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
