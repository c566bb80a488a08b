import { type Fault, PlatformError } from "../../core/errors.ts"
import { HANDLE } from "../../hub/connectors/connector-names.ts"
import type { ConnectorInput } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Principal } from "../../hub/people/identity.ts"
import { isPlain, type Plain, readFields, refuse } from "./credentials.ts"
import { type DatasourceType, documentOf, memberOf, NOT_BUILT, typesOf } from "./types.ts"

/** How long a create waits for the schema; the vendor's own client waits 30 s for the answer. */
const WAIT_MS = 25_000

/** A body that was read: what the hub stores, and the document of it. */
export interface Datasource {
  readonly input: ConnectorInput & { readonly name: string }
  readonly document: Plain
}

/** Datasources by DataBrain's names for them. */
export class Datasources {
  readonly #hub: Hub
  readonly #types: readonly DatasourceType[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.#types = typesOf((native) => hub.registry.find(native) !== undefined)
  }

  /** Reads the body of a create, or refuses it with every fault. */
  read(body: unknown): Datasource {
    if (!isPlain(body)) throw refuse([{ pointer: "", message: "The body must be a JSON object." }])
    const faults: Fault[] = []
    const type = this.#type(body["datasourceType"], faults)
    const posted = memberOf(body, "credentials")
    if (posted === undefined)
      faults.push({ pointer: "/credentials", message: `credentials ${body["credentials"] === undefined ? "is required." : "must be an object."}` })
    const name = posted === undefined ? "" : nameIn(posted, faults)
    const credentials = posted === undefined || type === undefined ? {} : readFields(type.fields, posted, faults)
    if (faults.length > 0 || type === undefined) throw refuse(faults)
    const input = { name, type: type.native, config: type.toNative(credentials), ...(type.fromName === true ? { draft: true } : {}) }
    return { input, document: documentOf(type, name, credentials) }
  }

  /** Tests, stores and caches the schema; a failure on the way leaves nothing stored. What a name alone makes has an empty one. */
  async create(by: Principal, { input, document }: Datasource): Promise<{ name: string }> {
    const from = { compat: "databrain", document } as const
    if (input.draft === true) await this.#hub.connectors.create(by, input, from)
    else await this.#hub.onboarding.create(by, input, { ...from, waitMs: WAIT_MS, trustHostKey: true })
    return { name: input.name }
  }

  /**
   * How much of the schema is cached, as `16/16`; `0/...` while it is being read, with why the last try failed; `0/0` where there is
   * none to read yet. One that nobody reads, since a hub was killed over it, is read from then on.
   */
  async progress(by: Principal, body: unknown): Promise<{ status: { progress: string; error: string } }> {
    const { datasourceId: nested } = memberOf(body, "input") ?? {}
    const ref = nested ?? (isPlain(body) ? (body["datasourceId"] ?? body["datasourceName"]) : undefined)
    if (typeof ref !== "string" || ref === "") throw refuse([{ pointer: "/datasourceId", message: "datasourceId is required." }])
    try {
      const { id, type, missing } = await this.#hub.connectors.get(by, ref)
      if (!this.#types.some(({ native }) => native === type)) throw new PlatformError("not_found", "It is of a type that DataBrain has no name for.")
      if (missing.length > 0) return { status: { progress: "0/0", error: "" } }
      const page = await this.#hub.catalogs.page(by, id, { limit: 1 }).catch(unlessMissing)
      if (page === undefined) return { status: { progress: "0/...", error: this.#hub.onboarding.resume(by, id) } }
      const { counts } = page
      return { status: { progress: `${counts.streams + counts.skipped}/${counts.total}`, error: "" } }
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      if (error.code === "not_found")
        throw new PlatformError("not_found", `There is no datasource "${ref.slice(0, 100)}".`, { cause: error, details: { datasource: true } })
      throw error
    }
  }

  #type(given: unknown, faults: Fault[]): DatasourceType | undefined {
    const found = this.#types.find(({ type }) => type === given)
    if (found !== undefined) return found
    const known = `the types are ${this.#types.map(({ type }) => type).join(", ")}.`
    const shown = typeof given === "string" ? given.slice(0, 64) : ""
    const message =
      given === undefined
        ? "is required"
        : typeof given !== "string"
          ? "must be text"
          : NOT_BUILT.includes(given)
            ? `${shown} is not built yet`
            : `${shown} is unknown`
    faults.push({ pointer: "/datasourceType", message: `datasourceType ${message}; ${known}` })
    return undefined
  }
}

const unlessMissing = (error: unknown): undefined => {
  if (!(error instanceof PlatformError) || error.code !== "catalog_missing") throw error
}

/** Names are handles: other APIs and configurations refer to a datasource by it. */
function nameIn(credentials: Plain, faults: Fault[]): string {
  const { name } = credentials
  if (typeof name === "string" && HANDLE.test(name)) return name
  const message =
    name === undefined || name === null || name === ""
      ? "is required."
      : "must be 1 to 100 letters, digits, dots, dashes and underscores, a letter or digit first."
  faults.push({ pointer: "/credentials/name", message: `credentials.name ${message}` })
  return ""
}
