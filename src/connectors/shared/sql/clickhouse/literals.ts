import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import { type Native, unescaped, within } from "./native.ts"

/** Reads a value that is no array, map or tuple, without its quotes. */
export type ReadScalar = (text: string, native: Native) => Value

/** A type that is not known: the text itself shows what it holds. */
const ANY: Native = { name: "Dynamic", holds: [], names: [], args: [] }
const DEPTH_MAX = 200

/**
 * Reads the text of an array, a map or a tuple, as ClickHouse writes it inside of rows: `[1,NULL]`, `{'a':1}`, `(1,'x')`. Maps and tuples
 * with names become objects, other tuples lists. Throws `response_invalid` for text of another form.
 */
export function literalIn(text: string, native: Native, scalar: ReadScalar): Value {
  const reader = new Literal(text, scalar)
  const value = reader.read(native, 0)
  if (!reader.ended()) throw unreadable(native)
  return value
}

const unreadable = ({ name }: Native): PlatformError =>
  new PlatformError("response_invalid", `The server sends a value of ${name} in a form of its own; select toString() of it, or toJSONString().`)

class Literal {
  readonly #text: string
  readonly #scalar: ReadScalar
  #at = 0

  constructor(text: string, scalar: ReadScalar) {
    this.#text = text
    this.#scalar = scalar
  }

  ended(): boolean {
    return this.#at === this.#text.length
  }

  read(outer: Native, depth: number): Value {
    const { native } = within(outer)
    if (depth > DEPTH_MAX) throw unreadable(native)
    switch (this.#text[this.#at]) {
      case "[":
        return this.#list("]", native, (index) => this.read(elementOf(native, index), depth + 1))
      case "(": {
        const values = this.#list(")", native, (index) => this.read(elementOf(native, index), depth + 1))
        return native.names.length === values.length && values.length > 0 ? objectOf(native.names.map((name, index) => [name, values[index] ?? null])) : values
      }
      case "{":
        return objectOf(this.#list("}", native, () => this.#pair(native, depth + 1)))
      case "'":
        return this.#scalar(this.#quoted(native), native)
      default:
        return this.#bare(native)
    }
  }

  #list<T>(end: string, native: Native, next: (index: number) => T): T[] {
    const all: T[] = []
    this.#at++
    if (this.#text[this.#at] === end) {
      this.#at++
      return all
    }
    for (;;) {
      all.push(next(all.length))
      const mark = this.#text[this.#at++]
      if (mark === end) return all
      if (mark !== ",") throw unreadable(native)
      // A tuple of one element may end with a comma.
      if (end === ")" && this.#text[this.#at] === end) {
        this.#at++
        return all
      }
    }
  }

  #pair(native: Native, depth: number): readonly [string, Value] {
    const [key, value] = native.name === "Map" ? native.holds : []
    const name = this.read(key ?? ANY, depth)
    if (this.#text[this.#at++] !== ":") throw unreadable(native)
    return [typeof name === "object" ? JSON.stringify(name) : String(name), this.read(value ?? ANY, depth)]
  }

  #quoted(native: Native): string {
    const from = ++this.#at
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] === "\\") this.#at++
      else if (this.#text[this.#at] === "'") return unescaped(this.#text.slice(from, this.#at++))
    }
    throw unreadable(native)
  }

  #bare(native: Native): Value {
    const from = this.#at
    while (this.#at < this.#text.length && !",:])}".includes(this.#text[this.#at] ?? "")) this.#at++
    const text = this.#text.slice(from, this.#at)
    if (text === "") throw unreadable(native)
    return text === "NULL" ? null : this.#scalar(text, native)
  }
}

const elementOf = ({ name, holds }: Native, index: number): Native => (name === "Array" ? holds[0] : name === "Tuple" ? holds[index] : undefined) ?? ANY

/** An object with each name as a member of its own, `__proto__` too. */
const objectOf = (members: readonly (readonly [string, Value])[]): Value => Object.fromEntries(members)
