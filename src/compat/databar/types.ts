import { isSettings, type Row, type Settings, type TypeMapping } from "../mapping.ts"
import { namedValues } from "../values.ts"
import type { NameValue } from "./body.ts"

/** Databar's mask for a secret, in every answer except a create's. A mask that is sent back keeps the stored value. */
export const MASK = "********"

type Field = "headers" | "parameters"

const values = namedValues(MASK)

/** A list of names and values, with the mask of a login that was entered separately. */
const withLogin = (field: Field): Row => ({
  theirs: `/${field}`,
  ours: `/${field}`,
  ...values,
  write: (rows, config) => {
    const login = loginRow(config)
    return [...(values.write(rows, config) as NameValue[]), ...(login?.field === field ? [{ name: login.name, value: MASK }] : [])]
  },
})

/** Databar's connector. Its three types are three purposes of the same connector type. */
export const CONNECTOR: TypeMapping = {
  name: "connector",
  type: "http",
  rows: [
    { theirs: "/method", ours: "/method", read: (method) => String(method).toUpperCase(), write: (method) => String(method).toLowerCase() },
    { theirs: "/url", ours: "/url" },
    withLogin("headers"),
    withLogin("parameters"),
    { theirs: "/body", ours: "/body", ...values },
    { theirs: "/body_template", ours: "/bodyTemplate" },
  ],
}

/** The header or parameter in which a separately entered login is shown. */
export function loginRow({ auth }: Settings): { readonly field: Field; readonly name: string } | undefined {
  if (!isSettings(auth)) return undefined
  const name = typeof auth["name"] === "string" ? auth["name"] : ""
  switch (auth["kind"]) {
    case "basic":
    case "bearer":
      return { field: "headers", name: "Authorization" }
    case "header":
      return { field: "headers", name }
    case "query":
      return { field: "parameters", name }
    default:
      return undefined
  }
}
