import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { ConnectorPatch } from "../../hub/connectors/connector-input.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { TestReport } from "../../hub/probes/probe.ts"
import { notBuilt } from "../mapping.ts"
import { isDefault } from "../write-document.ts"
import { type Body, refuse } from "./body.ts"
import { nativeOf, type Posted, type Stored } from "./mapping.ts"
import { type Credential, credentialsOf, documentOf, keyOf, masked, partialTest, type Shown, type Status, settingsOf, shown, typeOf } from "./shape.ts"
import { type BuiltType, MASK, PAGE, typesOf } from "./types.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** The number of attempts for a change that conflicts with another change. */
const ATTEMPTS = 5

/** A list with both envelopes: the page's, and the newer one with `pagination`. */
export interface Listed {
  readonly data: readonly Shown[]
  readonly total: number
  readonly hasMore: boolean
  readonly pagination: { readonly total: number; readonly hasMore: boolean; readonly limit: number; readonly cursor: string | null }
}

/** The answer to a test, the only one that shows credentials: in part, or as masks. */
export interface Tested {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly status: Status
  readonly lastTestedAt: string | null
  readonly lastError: string | null
  readonly authConfig: Readonly<Record<string, string>>
}

/** The hub's connectors in KaireonAI's form. */
export class Connectors {
  readonly #hub: Hub
  readonly #types: readonly BuiltType[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.#types = typesOf(hub.registry)
  }

  /** Lists a page; `cursor` is the id of the last item on the previous page. */
  async list(by: Principal, limit: number, cursor: unknown): Promise<Listed> {
    const after = cursor === undefined || cursor === "" ? undefined : await this.#positionOf(by, cursor)
    const types = this.#types.map(({ type }) => type)
    const { data, total } = await this.#hub.connectors.search(by, { types, limit: limit + 1, ...(after === undefined ? {} : { after }) })
    const page = data.slice(0, limit)
    const hasMore = data.length > limit
    return {
      data: page.flatMap((view) => {
        const type = typeOf(this.#types, view)
        return type === undefined ? [] : [shown(type, view)]
      }),
      total,
      hasMore,
      pagination: { total, hasMore, limit, cursor: hasMore ? (page.at(-1)?.id ?? null) : null },
    }
  }

  async get(by: Principal, id: string): Promise<Shown> {
    const { type, view } = await this.#find(by, id)
    return shown(type, view)
  }

  /** Creates a connector, even with an incomplete configuration; a test reports the missing fields. */
  async create(by: Principal, body: Body): Promise<Shown> {
    const { name = "", type: named = "", description = "", config = {}, authConfig = {}, authMethod = "access_key" } = body
    const type = this.#type(named)
    const native = nativeOf(type, { config, authConfig, authMethod }, undefined)
    const view = await this.#hub.connectors.create(
      by,
      { title: name, type: type.type, description, config: { ...type.initial, ...native.config }, draft: true },
      { compat: "kaireon", document: native.document, refuse: (others) => this.#taken(name, others) },
    )
    return shown(type, view)
  }

  async update(by: Principal, body: Body): Promise<Shown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryUpdate(by, body)
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== "version_stale" || attempt === ATTEMPTS) throw error
      }
    }
  }

  async #tryUpdate(by: Principal, body: Body): Promise<Shown> {
    const { type: before, view } = await this.#find(by, body.id ?? "")
    const type = body.type === undefined ? before : this.#type(body.type)
    const { name, description, status } = body
    const reconfigured = body.config !== undefined || body.authConfig !== undefined || type !== before
    const posted = this.#posted(before, view, body)
    const stored = type.type === view.type && (reconfigured || body.authMethod !== undefined) ? await this.#stored(by, type, view) : undefined
    const native = reconfigured ? nativeOf(type, posted, stored) : undefined
    const document = native?.document ?? (body.authMethod === undefined ? undefined : nativeOf(type, posted, stored).document)
    const patch: ConnectorPatch = {
      ...(name === undefined ? {} : { title: name }),
      ...(description === undefined ? {} : { description }),
      ...(type.type === view.type ? {} : { type: type.type }),
      ...(native === undefined ? {} : { config: { ...(type === before ? {} : type.initial), ...native.config }, draft: true }),
      ...(status === undefined ? {} : { enabled: status === "active" }),
    }
    const changed = await this.#hub.connectors.patch(by, view.id, patch, view.version, {
      ...(document === undefined ? {} : { compat: "kaireon", document }),
      refuse: (others) => this.#taken(name ?? "", others),
    })
    return shown(type, changed)
  }

  async remove(by: Principal, id: string): Promise<void> {
    const { view } = await this.#find(by, id)
    await this.#hub.connectors.remove(by, view.id)
  }

  /** Tests a connector. A failed test is a normal answer, and so is a test that the circuit breaker blocks. */
  async test(by: Principal, id: string): Promise<Tested> {
    await this.#find(by, id)
    const report = await this.#tested(by, id)
    const { type, view } = await this.#find(by, id)
    const secrets = await this.#hub.connectors.maskedSecrets(by, view.id, masked)
    const document = documentOf([type], view)
    const isShown = ({ key, row }: Credential): boolean => document?.credentials.includes(key) === true || !isDefault(row, view.config, type.connector.fields)
    const credentials = credentialsOf(type, document, view.config).filter(isShown)
    const authConfig = Object.fromEntries(
      credentials.map(({ key, pointer, value }) => [key, value === undefined ? (secrets.get(pointer) ?? MASK) : masked(value)]),
    )
    const [status, lastError]: [Status, string | null] = report.ok ? ["active", null] : ["error", report.message]
    return { id: view.id, name: view.title, type: type.name, status, lastTestedAt: view.lastTestedAt, lastError, authConfig }
  }

  async #tested(by: Principal, id: string): Promise<{ ok: true } | { ok: false; message: string }> {
    const partial = (view: ConnectorView) => {
      const type = typeOf(this.#types, view)
      return type === undefined ? undefined : partialTest(type, view)
    }
    try {
      const report: TestReport = await this.#hub.connectors.test(by, id, { breaker: true, partial })
      return report.ok ? { ok: true } : { ok: false, message: report.error?.message ?? "The test failed." }
    } catch (error) {
      if (error instanceof PlatformError && (error.code === "circuit_open" || error.code === "credentials_refused"))
        return { ok: false, message: error.message }
      throw error
    }
  }

  /** Finds a connector of the caller's tenant whose type KaireonAI knows; throws `not_found` for any other. */
  async #find(by: Principal, id: string): Promise<{ type: BuiltType; view: ConnectorView }> {
    if (!UUID.test(id)) throw unknown(id)
    const view = await this.#hub.connectors.get(by, id)
    const type = typeOf(this.#types, view)
    if (type === undefined) throw unknown(id)
    return { type, view }
  }

  async #positionOf(by: Principal, cursor: unknown): Promise<number> {
    try {
      return (await this.#find(by, String(cursor))).view.serial
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "not_found") throw error
      throw refuse([{ pointer: "/cursor", message: "cursor must be the id of the last item on the previous page." }])
    }
  }

  #type(name: string): BuiltType {
    const type = this.#types.find((each) => each.name === name)
    if (type !== undefined) return type
    const known = this.#types.map((each) => each.name).join(", ")
    const message = notBuilt(PAGE, this.#types).includes(name) ? `type ${name} is not built yet` : `type ${name.slice(0, 64)} is unknown`
    throw refuse([{ pointer: "/type", message: `${message}; the types are ${known}.` }])
  }

  /** The parts that an update sends; missing parts are replaced with the stored ones, as masks. */
  #posted(type: BuiltType, view: ConnectorView, body: Body): Posted {
    const document = documentOf([type], view)
    const inConfig = (key: string): boolean =>
      document !== undefined && !document.credentials.includes(key) && [key, "connectionString"].some((each) => Object.hasOwn(document.config, each))
    const kept = credentialsOf(type, document, view.config).filter(({ key }) => !inConfig(key))
    return {
      config: body.config ?? settingsOf(type, document, view.config),
      authConfig: body.authConfig ?? Object.fromEntries(kept.map(({ key }) => [key, MASK])),
      authMethod: body.authMethod ?? document?.authMethod ?? "access_key",
    }
  }

  async #stored(by: Principal, type: BuiltType, view: ConnectorView): Promise<Stored> {
    const secrets = await this.#hub.connectors.maskedSecrets(by, view.id, masked)
    const masks = new Map<string, string>()
    for (const { row, pointer, value } of credentialsOf(type, documentOf([type], view), view.config))
      for (const other of type.credentials)
        if (other.ours === row.ours) masks.set(keyOf(other), value === undefined ? (secrets.get(pointer) ?? MASK) : masked(value))
    return { config: view.config, masks }
  }

  /** Names are unique among the connectors that KaireonAI shows. */
  #taken(name: string, others: readonly ConnectorView[]): PlatformError | undefined {
    const seen = others.some((view) => typeOf(this.#types, view) !== undefined)
    return seen ? new PlatformError("name_taken", `A connector named "${name}" already exists.`) : undefined
  }
}

const unknown = (id: string): PlatformError => new PlatformError("not_found", `There is no connector "${id.slice(0, 100)}".`)
