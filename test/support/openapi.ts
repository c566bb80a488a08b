import { Ajv2020 } from "ajv/dist/2020.js"
import type { Answer } from "./ask.ts"

export type Schema = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly name: string
  readonly in: "path" | "query" | "header"
  readonly required?: boolean
  readonly schema: Schema
  readonly example?: unknown
}

interface Content {
  readonly schema: Schema
  readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>
}

/** An operation of the description, references to parameters resolved. */
export interface DescribedOperation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly body: Readonly<Record<string, Content>>
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly headers?: Schema; readonly content?: Readonly<Record<string, Content>> }>>
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads the document's fields and asserts on them.
export type Description = any

/** The part of the document that a reference points to; anything else as it is. */
export function resolved<T>(document: Description, part: T): T {
  const { $ref } = part as { readonly $ref?: string }
  if ($ref === undefined) return part
  return $ref
    .slice(2)
    .split("/")
    .reduce((at, name) => at[name.replaceAll("~1", "/").replaceAll("~0", "~")], document)
}

export function operationsIn(document: Description): DescribedOperation[] {
  return Object.entries<Readonly<Record<string, Description>>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      summary: operation.summary,
      tags: operation.tags,
      parameters: (operation.parameters ?? []).map((each: Parameter) => resolved(document, each)),
      body: operation.requestBody?.content ?? {},
      responses: operation.responses,
    })),
  )
}

/** What is wrong with a value by the schema at a JSON pointer into the document, in Ajv's words; undefined when nothing is. */
export function checkerOf(document: Description): (pointer: readonly string[], value: unknown) => string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "openapi.json")
  return (pointer, value) => {
    const path = pointer.map((name) => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")
    const validate = ajv.compile({ $ref: `openapi.json#/${path}` })
    return validate(value) ? undefined : ajv.errorsText(validate.errors)
  }
}

/** Where the schema of an operation's JSON answer stands. */
export const answerAt = (method: string, path: string, { status }: Pick<Answer, "status">): readonly string[] => [
  "paths",
  path,
  method.toLowerCase(),
  "responses",
  String(status),
  "content",
  "application/json",
  "schema",
]
