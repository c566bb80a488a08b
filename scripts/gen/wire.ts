import { readFileSync } from "node:fs"
import { join } from "node:path"
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript"
import { openApi } from "../../src/api/openapi/document.ts"

/** openapi-fetch does not know readonly lists, so the types for it are as they come, and readonly under a name of their own. */
const ALIAS = `type Fixed<T> = T extends readonly (infer Item)[] ? readonly Fixed<Item>[] : T extends object ? { readonly [Name in keyof T]: Fixed<T[Name]> } : T;

/** The named types, readonly throughout: \`Wire["Connector"]\`. */
export type Wire = Fixed<components["schemas"]>;
`

/** The API's description and the TypeScript types made from it, by their paths from the root of the project. */
export async function wireFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string }
  const document = openApi(version)
  // The generator marks what it has read.
  const types = astToString(await openapiTS(structuredClone(document) as OpenAPI3))
  return new Map([
    ["docs/openapi.json", `${JSON.stringify(document, null, 2)}\n`],
    [
      "src/wire.ts",
      `// The types of the API's wire, made from docs/openapi.json by \`npm run gen\`; edit the schemas in src/api/schemas instead.\n\n${types}\n${ALIAS}`,
    ],
  ])
}
