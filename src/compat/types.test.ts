import { describe, expect, test } from "vitest"
import { connectors, registry } from "../connectors/index.ts"
import type { Field, Fields } from "../core/fields.ts"
import { Registry } from "../core/registry.ts"
import { MASK as SQUARED_MASK } from "./aisquared/definition.ts"
import { DEFINITIONS } from "./aisquared/definitions.ts"
import { CONNECTOR, MASK as DATABAR_MASK } from "./databar/types.ts"
import { PAGE as DATABRAIN_PAGE, TYPES as DATASOURCES } from "./databrain/types.ts"
import { MASK as KAIREON_MASK, PAGE as KAIREON_PAGE, TYPES } from "./kaireon/types.ts"
import { built, notBuilt, pointersOf, type Row, type Settings, type TypeMapping } from "./mapping.ts"
import { fieldOf, placeIn } from "./places.ts"
import { faultsOf, readConfig } from "./read-config.ts"
import { writeDocument } from "./write-document.ts"

interface Case {
  readonly api: string
  readonly mask: string
  readonly mapping: TypeMapping
  readonly row: Row
  readonly ours: string
}

const casesOf = (api: string, mask: string, mappings: readonly TypeMapping[], rowsOf: (mapping: TypeMapping) => readonly Row[] = ({ rows }) => rows): Case[] =>
  mappings.flatMap((mapping) =>
    rowsOf(mapping).flatMap((row) => (row.ours === undefined ? [] : [{ api, mask, mapping: { ...mapping, rows: rowsOf(mapping) }, row, ours: row.ours }])),
  )

const CASES: readonly Case[] = [
  ...casesOf("aisquared", SQUARED_MASK, DEFINITIONS),
  ...casesOf("databar", DATABAR_MASK, [CONNECTOR]),
  ...casesOf("databrain", "***", DATASOURCES),
  ...casesOf("kaireon", KAIREON_MASK, TYPES),
  ...casesOf("kaireon", KAIREON_MASK, TYPES, (mapping) => (mapping as (typeof TYPES)[number]).credentials),
]
const named = CASES.map((each) => [`${each.api} ${each.mapping.name}: ${pointersOf(each.row).join(" and ")}`, each] as const)

/** The field at a place; for a variant's `kind`, the variant itself. */
function fieldAt(fields: Fields, place: string): Field | undefined {
  const [step = "", ...rest] = place.slice(1).split("/")
  const [name = "", kind] = step.split(":")
  const field = fields[name]
  if (field === undefined || rest.length === 0 || (rest[0] === "kind" && field.kind === "variant")) return field
  const inner = kind === undefined ? field.fields : field.variants?.[kind]?.fields
  return fieldAt(inner ?? {}, `/${rest.join("/")}`)
}

const hasSecrets = (field: Field): boolean =>
  [field.fields ?? {}, ...Object.values(field.variants ?? {}).map(({ fields }) => fields)].some((fields) =>
    Object.values(fields).some((each) => each.kind === "secret" || hasSecrets(each)),
  )

/** Values that a field may have, as the hub shows them. */
function samples(field: Field, ours: string): readonly unknown[] {
  if (ours.endsWith("/kind")) return Object.keys(field.variants ?? {})
  switch (field.kind) {
    case "secret":
      return [{ set: true }]
    case "integer":
      return [field.min ?? 1]
    case "choice":
      return field.options?.slice(0, 1) ?? []
    case "list":
      return [[{ name: "X-Name", value: { set: true } }]]
    case "variant":
      return [{ kind: Object.keys(field.variants ?? {})[0] }]
    default:
      return [field.format === "multiline" ? '{"a": 1}' : (field.example ?? "sample")]
  }
}

/** Values that no document of the vendor can express, each with the reason. */
const UNSAID: Readonly<Record<string, string>> = {
  "databrain /sslMode verify": "the page has one flag for TLS, and no field for an authority",
  "databrain /credentials token": "the page has only passwords and key pairs",
  "databrain /credentials oauth": "the page has only passwords and key pairs",
  "kaireon /ssl require": "true verifies the server; sslMode expresses it",
}

const at = (place: string, value: unknown): Settings => {
  const [step = "", ...rest] = place.slice(1).split("/")
  const [name = "", kind] = step.split(":")
  return { [name]: rest.length === 0 ? value : { ...(kind === undefined ? {} : { kind }), ...at(`/${rest.join("/")}`, value) } }
}

describe("each row of each compatible API", () => {
  test.each(named)("%s maps to a field of the type, and is secret if the field is", (_name, each) => {
    const { api, row, ours } = each
    const field = fieldAt(fieldsOf(each), ours)
    expect(field, ours).toBeDefined()
    // Databar keeps no document.
    if (field !== undefined && api !== "databar" && row.oneWay !== true)
      expect(row.secret === true, ours).toBe(field.kind === "secret" || (!ours.endsWith("/kind") && hasSecrets(field)))
  })

  test.each(named.filter(([, { row }]) => row.oneWay !== true))("%s writes each value so that it is read as the same value", (_name, each) => {
    const field = fieldAt(fieldsOf(each), each.ours) as Field
    for (const value of samples(field, each.ours))
      expect(readsBack(each, field, value), JSON.stringify(value)).toBe(UNSAID[`${each.api} ${pointersOf(each.row)[0]} ${value}`] === undefined)
  })
})

const fieldsOf = ({ mapping }: Case): Fields => registry.find(mapping.type)?.fields ?? {}

/** Whether a value that is shown and sent back is read as the same value; for a whole login, whether it is kept. */
function readsBack(each: Case, field: Field, value: unknown): boolean {
  const [rows, config, name] = [[each.row], at(each.ours, value), fieldOf(each.ours)]
  const document = writeDocument(rows, config, { sent: undefined, mask: each.mask, defaults: undefined })
  if (faultsOf(rows, document).length > 0) return false
  const read = readConfig(rows, document, { is: (given, { secret }) => secret === true && given === each.mask, stored: config })
  if (field.kind === "variant" && each.row.secret === true) return !Object.hasOwn(read, name)
  const again = placeIn(read, each.ours) ?? placeIn({ [name]: fieldsOf(each)[name]?.default }, each.ours)
  return JSON.stringify(again) === JSON.stringify(value)
}

describe("the types of a page", () => {
  test.each([
    ["kaireon", KAIREON_PAGE, TYPES],
    ["databrain", DATABRAIN_PAGE, DATASOURCES],
  ])("%s: every mapped type is on it, once", (_api, page, types) => {
    expect(new Set(page).size).toBe(page.length)
    expect(page).toEqual(expect.arrayContaining(types.map(({ name }) => name)))
  })

  test("are not built without a mapping or without a type in the hub; one entry and its type are enough", () => {
    const name = notBuilt(KAIREON_PAGE, built(TYPES, registry)).find((each) => registry.find(each) === undefined) ?? ""
    const row = { ...(TYPES[0] as (typeof TYPES)[number]), name, type: name }
    expect(notBuilt(KAIREON_PAGE, built([...TYPES, row], registry)), "the hub has no such type yet").toContain(name)
    const { url: _, ...twin } = registry.find("postgres") ?? connectors[0] ?? ({} as never)
    const larger = new Registry([...connectors, { ...twin, type: name }])
    expect(notBuilt(KAIREON_PAGE, built([...TYPES, row], larger))).not.toContain(name)
    expect(notBuilt(["postgresql"], built(TYPES, new Registry([])))).toEqual(["postgresql"])
  })
})
