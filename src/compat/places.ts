import { isSettings, type Settings } from "./mapping.ts"

/** The value at a JSON pointer (RFC 6901) of a document. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const name of namesOf(pointer)) value = isSettings(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

/** The pointer of the object around the value at a pointer; "" is the document itself. */
export const aroundOf = (pointer: string): string => pointer.slice(0, pointer.lastIndexOf("/"))

/** The last name of a pointer. */
export const lastOf = (pointer: string): string => namesOf(pointer).at(-1) ?? ""

/** A pointer in dotted form for people: `credentials.username`. */
export const dotted = (pointer: string): string => namesOf(pointer).join(".")

/** The pointer of a name inside the object at another pointer. */
export const below = (pointer: string, name: string): string => `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`

/** The document with a value at a pointer. */
export function withValueAt(document: Settings, pointer: string, value: unknown): Settings {
  const [, step = "", rest = ""] = /^\/([^/]*)(.*)$/s.exec(pointer) ?? []
  const name = unescaped(step)
  return { ...document, [name]: rest === "" ? value : withValueAt(objectIn(document, name), rest, value) }
}

/** The pointer of a place, as the hub names a secret: `/auth/token` of `/auth:token/token`. */
export const pointerOf = (place: string): string => place.replaceAll(/:[^/]*/g, "")

/** The config's field that contains a place. */
export const fieldOf = (place: string): string => namesOf(pointerOf(place))[0] ?? ""

/** The config's value at a place; undefined if a variant has another kind. */
export function placeIn(config: unknown, place: string): unknown {
  let value = config
  for (const step of namesOf(place)) {
    const [name = "", kind] = step.split(":")
    value = isSettings(value) && Object.hasOwn(value, name) ? value[name] : undefined
    if (kind !== undefined && !(isSettings(value) && value["kind"] === kind)) return undefined
  }
  return value
}

/**
 * The config with a value at a place. An existing value is kept, and so is the kind of a variant: the first row decides.
 * With `inside`, a variant without a kind does not get one.
 */
export function withPlace(config: Settings, place: string, value: unknown, inside = false): Settings {
  const [step = "", ...rest] = namesOf(place)
  const [name = "", kind] = step.split(":")
  if (rest.length === 0) return config[name] === undefined ? { ...config, [name]: value } : config
  const around = objectIn(config, name)
  const before = around["kind"]
  if (kind !== undefined && before !== kind && (inside || before !== undefined)) return config
  return { ...config, [name]: withPlace(kind === undefined ? around : { ...around, kind }, `/${rest.join("/")}`, value, inside) }
}

const unescaped = (step: string): string => step.replaceAll("~1", "/").replaceAll("~0", "~")

const namesOf = (pointer: string): string[] => pointer.slice(1).split("/").map(unescaped)

const objectIn = (settings: Settings, name: string): Settings => (isSettings(settings[name]) ? settings[name] : {})
