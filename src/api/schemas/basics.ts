import Type, { type TSchema } from "typebox"

/** A keyword of ours: the name under which the OpenAPI document has a schema, or a parameter, among its components. */
export const COMPONENT = "x-component"

/** Gives a schema its name in the OpenAPI document, which then has it once and refers to it. */
export const named = <T extends object>(name: string, schema: T): T => Object.assign(schema, { [COMPONENT]: name })

/** A keyword of ours: in the OpenAPI document the schema is a reference to the component of that name. */
export const REFERENCE = "x-reference"
/** An object that the hub answers as it is; the document describes it by the component of that name. */
export const referring = <T>(name: string) => Type.Unsafe<T>({ type: "object", additionalProperties: true, [REFERENCE]: name })

const nameOf = (schema: TSchema): string => String((schema as unknown as Readonly<Record<string, unknown>>)[COMPONENT])

/** The schema's value, or null. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
/** An object that takes no field but those named. */
export const closed = { additionalProperties: false } as const
/** An object with any fields. */
export const open = (description?: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", additionalProperties: true, ...(description === undefined ? {} : { description }) })
/** Any JSON value. */
export const anything = (description: string) => Type.Unsafe<unknown>({ description })

export const Time = Type.String({ format: "date-time" })
export const Id = Type.String({ format: "uuid" })
export const Name = named(
  "Name",
  Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
    description: "A handle, unique in the workspace: letters, digits, _ . -",
  }),
)

const reference = (name: string, description: string, example: string) =>
  Type.Object({ id: named(name, Type.String({ minLength: 1, maxLength: 128, description, examples: [example] })) })

/** A path that names a connector. */
export const ConnectorRef = reference("connector", "The id or the name of a connector", "my-postgres")
export const WorkspaceRef = reference("workspace", "The id or the name of a workspace", "main")
export const UserRef = reference("user", "The id or the e-mail address of a user", "ada@example.com")
/** A path that names a thing by its id alone. */
export const IdRef = reference("id", "The id", "0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21")

/** The query of every list. */
export const PageQuery = {
  limit: named("limit", Type.Integer({ minimum: 1, maximum: 100, default: 20, description: "Items per page" })),
  cursor: Type.Optional(named("cursor", Type.String({ maxLength: 256, description: "`nextCursor` of the page before" }))),
}
/** The query of a list without filters. */
export const Page = Type.Object(PageQuery, closed)

/** What every page has besides its items. */
export const pageFields = {
  nextCursor: Nullable(Type.String({ description: "The `cursor` of the next page; null on the last" })),
  total: Type.Integer({ minimum: 0, description: "The number of matching items on all pages" }),
}
/** A page of a list; its name is the item's with `List`. */
export const pageOf = <T extends TSchema>(item: T) => named(`${nameOf(item)}List`, Type.Object({ data: Type.Array(item), ...pageFields }))
