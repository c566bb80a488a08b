import { type Fault, PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { ConnectorInput } from "../../hub/connectors/connector-input.ts"
import { HANDLE } from "../../hub/connectors/connector-names.ts"
import type { Hub } from "../../hub/hub.ts"
import { isSettings, notBuilt, type Settings } from "../mapping.ts"
import { dotted } from "../places.ts"
import { faultsOf, lacking, readConfig } from "../read-config.ts"
import { type BuiltType, documentOf, PAGE, typesOf } from "./types.ts"

/** How long a create waits for the schema, in milliseconds; the vendor's own client waits 30 s for the answer. */
const WAIT_MS = 25_000

/** A body after it was read: the connector to store, and its document. */
export interface Datasource {
  readonly input: ConnectorInput & { readonly name: string }
  readonly document: Settings
}

/** The hub's connectors in DataBrain's form: identified by their handles. */
export class Datasources {
  readonly #hub: Hub
  readonly #types: readonly BuiltType[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.#types = typesOf(hub.registry)
  }

  /** Reads the body of a create; throws `request_invalid` with every fault. */
  read(body: unknown): Datasource {
    if (!isSettings(body)) throw refuse([{ pointer: "", message: "The body must be a JSON object." }])
    const faults: Fault[] = []
    const type = this.#type(body["datasourceType"], faults)
    const credentials = body["credentials"]
    if (!isSettings(credentials)) {
      faults.push({ pointer: "/credentials", message: `credentials ${credentials === undefined ? "is required." : "must be an object."}` })
      throw refuse(faults)
    }
    const name = nameIn(credentials, faults)
    faults.push(...credentialFaults(type, credentials))
    if (faults.length > 0 || type === undefined) throw refuse(faults)
    const config = readConfig(type.rows, credentials, { is: () => false, stored: undefined })
    const input = { name, type: type.type, config, ...(type.fromName === true ? { draft: true } : {}) }
    return { input, document: documentOf(type, name, credentials) }
  }

  /** Tests and stores a datasource and caches its schema; after a failure nothing is stored. A datasource with only a name has an empty schema. */
  async create(by: Principal, { input, document }: Datasource): Promise<{ name: string }> {
    const from = { compat: "databrain", document }
    if (input.draft === true) await this.#hub.connectors.create(by, input, from)
    else await this.#hub.onboarding.create(by, input, { ...from, waitMs: WAIT_MS, trustHostKey: true })
    return { name: input.name }
  }

  /**
   * How much of the schema is cached, as `16/16`; `0/...` while it is being read, with the error of the last attempt; `0/0` if there is
   * no schema to read yet. Reading that was interrupted by the end of its hub starts again.
   */
  async progress(by: Principal, body: unknown): Promise<{ status: { progress: string; error: string } }> {
    const nested = isSettings(body) && isSettings(body["input"]) ? body["input"]["datasourceId"] : undefined
    const ref = nested ?? (isSettings(body) ? (body["datasourceId"] ?? body["datasourceName"]) : undefined)
    if (typeof ref !== "string" || ref === "") throw refuse([{ pointer: "/datasourceId", message: "datasourceId is required." }])
    try {
      const { id, type, missing } = await this.#hub.connectors.get(by, ref)
      if (!this.#types.some((each) => each.type === type)) throw new PlatformError("not_found", "The datasource has a type that DataBrain does not know.")
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

  #type(given: unknown, faults: Fault[]): BuiltType | undefined {
    const found = this.#types.find(({ name }) => name === given)
    if (found !== undefined) return found
    const known = `the types are ${this.#types.map(({ name }) => name).join(", ")}.`
    const shown = typeof given === "string" ? given.slice(0, 64) : ""
    const message =
      given === undefined
        ? "is required"
        : typeof given !== "string"
          ? "must be text"
          : notBuilt(PAGE, this.#types).includes(given)
            ? `${shown} is not built yet`
            : `${shown} is unknown`
    faults.push({ pointer: "/datasourceType", message: `datasourceType ${message}; ${known}` })
    return undefined
  }
}

/** One error for all faults of a body. */
const refuse = (faults: readonly Fault[]): PlatformError => new PlatformError("request_invalid", faults.map(({ message }) => message).join(" "), { faults })

function credentialFaults(type: BuiltType | undefined, credentials: Settings): Fault[] {
  const rows = type?.rows ?? []
  const missing = lacking(rows, credentials).map((pointer) => ({ pointer, message: "is required." }))
  return [...missing, ...faultsOf(rows, credentials)].map(({ pointer, message }) => ({
    pointer: `/credentials${pointer}`,
    message: `credentials.${dotted(pointer)} ${message}`,
  }))
}

const unlessMissing = (error: unknown): undefined => {
  if (!(error instanceof PlatformError) || error.code !== "catalog_missing") throw error
}

/** Reads the name. It must be a handle, because other APIs and configurations refer to a datasource by its name. */
function nameIn(credentials: Settings, faults: Fault[]): string {
  const { name } = credentials
  if (typeof name === "string" && HANDLE.test(name)) return name
  const message =
    name === undefined || name === null || name === ""
      ? "is required."
      : "must be 1 to 100 letters, digits, dots, dashes and underscores, and begin with a letter or digit."
  faults.push({ pointer: "/credentials/name", message: `credentials.name ${message}` })
  return ""
}
