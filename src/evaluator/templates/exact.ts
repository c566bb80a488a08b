import { ExactNumber } from "../../core/values.ts"

/** Stands before the digits of a number on the way to a worker. No input of a call holds a null character. */
const MARK = "\u0000number:"

/** The same values, each exact number as a marked text, since no class passes between processes. */
export function marked(value: unknown): unknown {
  if (value instanceof ExactNumber) return MARK + value.digits
  if (Array.isArray(value)) return value.map(marked)
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, marked(each)]))
}

/** A value in the template engine's representation: lists as arrays, objects as maps of such values. */
export interface Runtime {
  readonly type: string
  readonly value: unknown
  /** A number whose digits the engine holds as text. */
  exact?: true
}

/** Turns the marked texts of a value into the digits alone, and notes which they were; returns whether there was one. */
export function unmark(runtime: Runtime): boolean {
  const { value } = runtime
  if (Array.isArray(value)) return (value as Runtime[]).map(unmark).includes(true)
  if (value instanceof Map) return [...(value as Map<string, Runtime>).values()].map(unmark).includes(true)
  if (typeof value !== "string" || !value.startsWith(MARK)) return false
  Object.assign(runtime, { value: value.slice(MARK.length), exact: true })
  return true
}
