import type { FieldDescription } from "./schema.ts"

/** A value that stands for the field in an example. */
export function exampleOf(field: FieldDescription): unknown {
  if (field.example !== undefined) return field.kind === "integer" ? Number(field.example) : field.example
  switch (field.kind) {
    case "integer":
      return field.default ?? field.min ?? 1
    case "flag":
      return field.default ?? false
    case "choice":
      return field.default ?? field.options?.[0]
    case "variant": {
      const { kind: usual } = (field.default ?? {}) as { readonly kind?: string }
      // Without a default, the first alternative that needs no upload: an example must work as it stands.
      const chosen = field.variants?.find(({ kind, fields }) => (usual === undefined ? !fields.some(({ format }) => format === "upload") : kind === usual))
      return { kind: chosen?.kind, ...exampleConfig(chosen?.fields ?? []) }
    }
    case "list":
      return [exampleConfig(field.fields ?? [])]
    case "secret":
      return field.format === "pem" ? "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n" : `my-${field.name}`
    case "text":
      return field.format === "host" ? "db.example.com" : field.format === "url" ? "https://api.example.com/v1" : `my-${field.name}`
  }
}

/** Whether an example shows the field: required ones, passwords, and defaults worth seeing (a port, the kind of TLS). */
export const shownInExample = (field: FieldDescription): boolean =>
  field.required ||
  (field.kind === "secret" && field.name === "password") ||
  (field.default !== undefined && (field.kind === "integer" || field.name === "tls"))

/** A config that shows the fields which people fill in first. */
export const exampleConfig = (fields: readonly FieldDescription[]): Record<string, unknown> =>
  Object.fromEntries(fields.filter(shownInExample).map((field) => [field.name, exampleOf(field)]))
