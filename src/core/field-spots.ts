import type { Field, Fields } from "./fields.ts"

/** A field that a config uses, with its JSON pointer and its value; undefined if the config leaves it out. */
export interface Spot {
  readonly pointer: string
  readonly name: string
  readonly field: Field
  readonly value: unknown
}

type Plain = Readonly<Record<string, unknown>>

/** Every field that applies to the config, the chosen alternatives' and the rows' of lists included, in the form's order. */
export function spotsIn(fields: Fields, config: Plain, below = ""): Spot[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const pointer = `${below}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`
    const value = config[name]
    return [{ pointer, name, field, value }, ...inside(field, value ?? field.default, pointer)]
  })
}

function inside({ variants, fields }: Field, value: unknown, pointer: string): Spot[] {
  if (Array.isArray(value)) return value.flatMap((row, index) => (isPlain(row) ? spotsIn(fields ?? {}, row, `${pointer}/${index}`) : []))
  if (!isPlain(value)) return []
  return spotsIn(variants?.[String(value["kind"])]?.fields ?? {}, value, pointer)
}

const isPlain = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
