import type { ColumnType, Value } from "../../../../core/values.ts"

/**
 * An array as the server prints it (PostgreSQL docs, 8.15.6): `{1,NULL,{2}}`. Stays a text where a JSON array would lose something: with
 * bounds of its own (`[0:1]={1,2}`), and with several dimensions of JSON, whose inner arrays could be values too.
 */
export function parseArray(text: string, parse: (text: string) => Value, elements?: ColumnType): Value {
  if (!text.startsWith("{") || (elements === "json" && text.startsWith("{{"))) return text
  const stack: Value[][] = [[]]
  for (let at = 0; at < text.length; ) {
    const char = text[at]
    if (char === "{") {
      stack.push([])
      at++
    } else if (char === "}") {
      const done = stack.pop() ?? []
      stack.at(-1)?.push(done)
      at++
    } else if (char === ",") at++
    else {
      const { end, value } = char === '"' ? quoted(text, at + 1) : bare(text, at)
      stack.at(-1)?.push(char !== '"' && value === "NULL" ? null : parse(value))
      at = end
    }
  }
  return stack[0]?.[0] ?? text
}

interface Item {
  readonly value: string
  /** Where the next item begins. */
  readonly end: number
}

function quoted(text: string, from: number): Item {
  let value = ""
  let at = from
  for (let begin = from; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      value += text.slice(begin, at)
      break
    }
    if (char !== "\\") continue
    value += text.slice(begin, at)
    begin = ++at
  }
  return { value, end: at + 1 }
}

function bare(text: string, from: number): Item {
  let end = from
  while (end < text.length && text[end] !== "," && text[end] !== "}") end++
  return { value: text.slice(from, end), end }
}

/** The literal of an array; `item` spells an element. Arrays inside of it are further dimensions, unless the elements are JSON. */
export function arrayText(values: readonly Value[], item: (value: Value) => string, elements?: ColumnType): string {
  const items = values.map((value) => {
    if (value === null) return "NULL"
    if (Array.isArray(value) && elements !== "json") return arrayText(value, item, elements)
    return `"${item(value).replace(/["\\]/g, "\\$&")}"`
  })
  return `{${items.join(",")}}`
}
