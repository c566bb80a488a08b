import type { Call } from "../../../core/call.ts"
import type { Connector } from "../../../core/connector.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Discovered } from "../../../core/streams.ts"
import type { Resource, Unreadable } from "./resource.ts"
import { columnsFor, readResource } from "./resource-reads.ts"
import { writeResource } from "./resource-writes.ts"

/** The resources of an API. The API lists them where it says what there is; a listing of several requests takes turns of its own. */
export interface Resources<C> {
  list(client: C, call: Call): AsyncIterable<Resource<C> | Unreadable>
  /** One of them, where that costs less than the list. */
  find?(client: C, path: readonly string[], call: Call): Promise<Resource<C> | Unreadable | undefined>
}

type Verbs<C> = Required<Pick<Connector<never, C>, "plans" | "discover" | "read" | "write" | "upserts">>

/** The verbs of a type whose streams are resources: salesforce, hubspot, elasticsearch, opensearch, and any URL that gives records. */
export function resourceVerbs<C>(resources: Resources<C>): Verbs<C> {
  const find = async (client: C, path: readonly string[], call: Call): Promise<Resource<C>> => {
    const found = await (resources.find?.(client, path, call) ?? search(resources.list(client, call), path))
    if (found === undefined)
      throw new PlatformError("stream_not_found", `There is no resource ${path.join(".")}; discover the connector again, and take a path from its catalog.`)
    if ("reason" in found) throw new PlatformError("unsupported", found.reason)
    return found
  }
  return {
    plans: ["all", "since"],
    discover: (client, call) => discover(resources, client, call),
    async *read(client, from, options, call) {
      yield* readResource(await find(client, from.path, call), client, from, options, call)
    },
    upserts: true,
    async write(client, to, batch, options, call) {
      return await writeResource(await find(client, to.path, call), client, { to, batch, ...options }, call)
    },
  }
}

async function search<C>(list: AsyncIterable<Resource<C> | Unreadable>, path: readonly string[]): Promise<Resource<C> | Unreadable | undefined> {
  for await (const each of list) if (each.path.length === path.length && each.path.every((part, index) => part === path[index])) return each
  return undefined
}

async function* discover<C>(resources: Resources<C>, client: C, call: Call): AsyncGenerator<Discovered> {
  const all: (Resource<C> | Unreadable)[] = []
  for await (const each of resources.list(client, call)) all.push(each)
  const byKind: Record<string, number> = {}
  for (const each of all) {
    const kind = "reason" in each ? "resource" : (each.kind ?? "resource")
    byKind[kind] = (byKind[kind] ?? 0) + 1
  }
  yield { counted: { total: all.length, byKind } }
  for (const [index, each] of all.entries()) {
    if ("reason" in each) {
      yield { skipped: { path: each.path, reason: each.reason } }
      continue
    }
    // Where the resources are not listed by a request, the first page is the first one, and needs no turn.
    if (index > 0 || each.columns !== undefined) await call.turn()
    yield await streamOf(each, client, call)
  }
}

/** The resource as a stream; skipped where the login may not read its columns, which leaves the others as they are. */
async function streamOf<C>(resource: Resource<C>, client: C, call: Call): Promise<Discovered> {
  const { path, kind = "resource", key, comment } = resource
  try {
    const columns = await columnsFor(resource, client, call)
    return { stream: { path, kind, columns, key, ...(comment === undefined ? {} : { comment }) } }
  } catch (error) {
    if (error instanceof PlatformError && error.code === "permission_denied") return { skipped: { path, reason: error.message } }
    throw error
  }
}
