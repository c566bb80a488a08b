/** The start and end of a tag in a template; `closed` is false if its end is missing. */
export interface Tag {
  readonly at: number
  readonly end: number
  readonly closed: boolean
}

const CLOSERS: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" }

/** The tags of a Jinja template in order, with respect to quotes and braces inside them. */
export function tagStarts(text: string): Tag[] {
  const tags: Tag[] = []
  let at = 0
  while (at < text.length) {
    const closer = text[at] === "{" ? CLOSERS[text.slice(at, at + 2)] : undefined
    if (closer === undefined) {
      at++
      continue
    }
    const end = endOf(text, at + 2, closer)
    tags.push({ at, end: end ?? text.length, closed: end !== undefined })
    at = end ?? text.length
  }
  return tags
}

/** The literal text of a template, with `x` in place of each value. */
export function withoutTags(text: string): string {
  let at = 0
  let out = ""
  for (const tag of tagStarts(text)) {
    out += text.slice(at, tag.at) + (text.startsWith("{{", tag.at) ? "x" : "")
    at = tag.end
  }
  return out + text.slice(at)
}

function endOf(text: string, from: number, closer: string): number | undefined {
  if (closer === "#}") {
    const end = text.indexOf(closer, from)
    return end < 0 ? undefined : end + 2
  }
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '"' || char === "'") at = quoteEnd(text, at, char)
    else if (text.startsWith(closer, at) && (depth === 0 || closer === "%}")) return at + 2
    else if (char === "{") depth++
    else if (char === "}") depth--
  }
  return undefined
}

/** The index of the closing quote, or the text's length. */
function quoteEnd(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++
    else if (text[at] === quote) return at
  }
  return text.length
}
