import type { Field, Fields } from "./fields.ts"

/**
 * The names of the config fields that are secrets, contain secrets, or belong to a login; each is staged, switched
 * and rolled back as a whole.
 */
export const credentialFields = (fields: Fields): string[] => Object.entries(fields).flatMap(([name, field]) => (isCredential(field) ? [name] : []))

const isCredential = (field: Field): boolean =>
  field.kind === "secret" ||
  field.login === true ||
  Object.values(field.fields ?? {}).some(isCredential) ||
  Object.values(field.variants ?? {}).some(({ fields }) => Object.values(fields).some(isCredential))

/** Whether a secret's pointer is at or below one of those fields. */
export const isWithin = (pointer: string, fields: readonly string[]): boolean =>
  fields.some((name) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))
