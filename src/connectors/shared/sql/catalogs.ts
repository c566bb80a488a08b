import type { Call } from "../../../core/call.ts"
import type { Discovered, StreamKind } from "../../../core/streams.ts"
import type { Value } from "../../../core/values.ts"
import { countedBy } from "./catalog.ts"
import { brief } from "./errors.ts"
import { saidOf, statusOf } from "./http-errors.ts"

type Rows = readonly (readonly Value[])[]

/** How a system of several catalogs is listed: each is a system behind it, which may be down while the others are not. `C` is the type's client. */
export interface Catalogs<C> {
  readonly product: string
  /** The catalogs to list; one alone is the connector's own. */
  names(client: C, call: Call): Promise<readonly string[]>
  /** A catalog's own counts, each row ending with a number, and the kind that a row counts. */
  counts(client: C, name: string, call: Call): Promise<Rows>
  kindOf(type: Value | undefined): StreamKind
  relations(client: C, name: string, call: Call): AsyncIterable<Discovered>
}

/** What a catalog counts as that cannot be listed. */
const CATALOG = "catalog"

/** Lists all catalogs, by a constant number of statements for each. One that cannot be listed is skipped with what the system said, unless it is the only one. */
export async function* acrossCatalogs<C>({ product, names, counts, kindOf, relations }: Catalogs<C>, client: C, call: Call): AsyncGenerator<Discovered> {
  const all = await names(client, call)
  const counted: (readonly Value[])[] = []
  const there: string[] = []
  const skipped: Discovered[] = []
  for (const name of all)
    try {
      for (const row of await counts(client, name, call)) counted.push(row)
      there.push(name)
    } catch (error) {
      const said = saidOf(error)
      // A refusal by its status concerns the login or the server, and not one catalog.
      if (said === undefined || statusOf(said) >= 400 || all.length === 1) throw error
      counted.push([CATALOG, 1])
      skipped.push({ skipped: { path: [name], reason: `${product} cannot list this catalog: ${brief(said.text)}; see whether its system answers.` } })
    }
  yield countedBy(counted, ([type]) => (type === CATALOG ? CATALOG : kindOf(type)))
  yield* skipped
  for (const name of there) yield* relations(client, name, call)
}
