import type { Connector } from "./answers.ts"
import { usage } from "./failure.ts"

/** The options that describe a connector apart from its config. */
export interface DescribedOptions {
  readonly title?: string
  readonly description?: string
  readonly label?: readonly string[]
  readonly limit?: readonly string[]
  readonly purpose?: string
}

export interface DescribedChangeOptions extends DescribedOptions {
  readonly removeLabel?: readonly string[]
}

const LIMITS = ["requests", "perMs", "concurrency"]

/**
 * Converts the options to fields of the API. The API replaces labels and limits as a whole, so those that are not
 * named are copied from `stored`. Throws a usage failure that names the option.
 */
export function describedBy(options: DescribedChangeOptions, stored?: Pick<Connector, "labels" | "limits">): Record<string, unknown> {
  const { title, description, purpose } = options
  const labels = labelsOf(options, stored?.labels ?? {})
  const limits = limitsOf(options.limit ?? [], stored?.limits ?? {})
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
    ...(purpose === undefined ? {} : { purpose: purpose === "none" ? null : purpose }),
    ...(limits === undefined ? {} : { limits }),
  }
}

function labelsOf({ label = [], removeLabel = [] }: DescribedChangeOptions, stored: Connector["labels"]): Record<string, string> | undefined {
  if (label.length === 0 && removeLabel.length === 0) return undefined
  const labels = new Map(Object.entries(stored))
  for (const key of removeLabel) if (!labels.delete(key)) throw usage(`--remove-label: there is no label ${key}.`, "See `jackfield connectors show`.")
  for (const text of label) {
    const [key, value] = pairOf(text) ?? []
    if (key === undefined || value === undefined) throw usage("--label needs a key and a value.", "Write --label key=value.")
    labels.set(key, value)
  }
  return Object.fromEntries(labels)
}

/** Parses `requests=100`, `concurrency=none`, or `none` for all; null if no limit is left. */
function limitsOf(texts: readonly string[], stored: Readonly<Record<string, number>>): Record<string, number> | null | undefined {
  if (texts.length === 0) return undefined
  let limits = new Map(Object.entries(stored))
  for (const text of texts) {
    const [name, value] = pairOf(text) ?? []
    if (text === "none") limits = new Map()
    else if (name === undefined || value === undefined || !LIMITS.includes(name) || !/^(none|[1-9]\d{0,8})$/.test(value))
      throw usage("--limit needs requests, perMs or concurrency with a whole number.", "Write --limit requests=100, --limit concurrency=none, or --limit none.")
    else if (value === "none") limits.delete(name)
    else limits.set(name, Number(value))
  }
  return limits.size === 0 ? null : Object.fromEntries(limits)
}

function pairOf(text: string): [string, string] | undefined {
  const at = text.indexOf("=")
  return at <= 0 ? undefined : [text.slice(0, at), text.slice(at + 1)]
}
