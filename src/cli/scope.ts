import type { Wire } from "../wire.ts"

/** The options that limit a key or a user to connectors: names or ids, and `key:value` labels, separated by commas. */
export interface ScopeOptions {
  readonly connectors?: string
  readonly labels?: string
}

/** Converts the options to fields of a request body. */
export const scopeIn = ({ connectors, labels }: ScopeOptions): { readonly connectors?: readonly string[]; readonly labels?: readonly string[] } => ({
  ...(connectors === undefined ? {} : { connectors: listOf(connectors) }),
  ...(labels === undefined ? {} : { labels: listOf(labels) }),
})

const listOf = (text: string): string[] => text.split(",").flatMap((each) => (each.trim() === "" ? [] : [each.trim()]))

/** The ids and labels of the connectors that a key or a user is limited to; undefined if there is no limit. */
export const limitOf = (scope: Wire["Scope"] | null): string | undefined =>
  scope === null ? undefined : [...scope.connectors, ...Object.entries(scope.labels).map(([key, value]) => `${key}:${value}`)].join(", ") || "no connectors"
