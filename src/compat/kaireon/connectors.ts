import { PlatformError } from "../../core/errors.ts"
import type { ConnectorPatch, ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Principal } from "../../hub/people/identity.ts"
import type { TestReport } from "../../hub/probes/probe.ts"
import { type Body, refuse } from "./body.ts"
import { type Kind, MASK, type Settings } from "./kind.ts"
import { kindNamed, kindsOf, NOT_BUILT } from "./kinds.ts"
import { nativeOf, type Posted, type Stored } from "./mapping.ts"
import { credentialsOf, documentOf, kindOf, masked, partialTest, type Shown, type Status, settingsOf, shown } from "./shape.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** A change is made again on what another left behind, this many times. */
const ATTEMPTS = 5

/** Both envelopes: the page's, and the newer one with `pagination`. */
export interface Listed {
  readonly data: readonly Shown[]
  readonly total: number
  readonly hasMore: boolean
  readonly pagination: { readonly total: number; readonly hasMore: boolean; readonly limit: number; readonly cursor: string | null }
}

/** The answer of a test; the one that shows something of credentials. */
export interface Tested {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly status: Status
  readonly lastTestedAt: string | null
  readonly lastError: string | null
  readonly authConfig: Readonly<Record<string, string>>
}

/** The hub's connectors as KaireonAI's API names and shows them. */
export class Connectors {
  readonly #hub: Hub
  readonly #kinds: readonly Kind[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.#kinds = kindsOf((native) => hub.registry.find(native) !== undefined)
  }

  /** `cursor` is the id of the last item of the page before. */
  async list(by: Principal, limit: number, cursor: unknown): Promise<Listed> {
    const after = cursor === undefined || cursor === "" ? undefined : await this.#positionOf(by, cursor)
    const types = this.#kinds.map(({ native }) => native)
    const { data, total } = await this.#hub.connectors.search(by, { types, limit: limit + 1, ...(after === undefined ? {} : { after }) })
    const page = data.slice(0, limit)
    const hasMore = data.length > limit
    return {
      data: page.flatMap((view) => {
        const kind = kindOf(view)
        return kind === undefined ? [] : [shown(kind, view)]
      }),
      total,
      hasMore,
      pagination: { total, hasMore, limit, cursor: hasMore ? (page.at(-1)?.id ?? null) : null },
    }
  }

  async get(by: Principal, id: string): Promise<Shown> {
    const { kind, view } = await this.#find(by, id)
    return shown(kind, view)
  }

  /** Takes any part of a configuration; what is missing is the test's to tell. */
  async create(by: Principal, body: Body): Promise<Shown> {
    const { name = "", type = "", description = "", config = {}, authConfig = {}, authMethod = "access_key" } = body
    const kind = this.#kind(type)
    const native = nativeOf(kind, { config, authConfig, authMethod }, undefined)
    const view = await this.#hub.connectors.create(
      by,
      { title: name, type: kind.native, description, config: native.config, draft: true },
      { compat: "kaireon", document: native.document, refuse: (others) => this.#taken(name, others) },
    )
    return shown(kind, view)
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
    const { kind: before, view } = await this.#find(by, body.id ?? "")
    const kind = body.type === undefined ? before : this.#kind(body.type)
    const { name, description, status } = body
    const reconfigured = body.config !== undefined || body.authConfig !== undefined || kind !== before
    const posted = this.#posted(before, view, body)
    const stored = kind.native === view.type && reconfigured ? await this.#stored(by, kind, view) : undefined
    const native = reconfigured ? nativeOf(kind, posted, stored) : undefined
    const document = native?.document ?? (body.authMethod === undefined ? undefined : nativeOf(kind, posted, await this.#stored(by, kind, view)).document)
    const patch: ConnectorPatch = {
      ...(name === undefined ? {} : { title: name }),
      ...(description === undefined ? {} : { description }),
      ...(kind.native === view.type ? {} : { type: kind.native }),
      ...(native === undefined ? {} : { config: native.config, draft: true }),
      ...(status === undefined ? {} : { enabled: status === "active" }),
    }
    const changed = await this.#hub.connectors.patch(by, view.id, patch, view.version, {
      ...(document === undefined ? {} : { compat: "kaireon", document }),
      refuse: (others) => this.#taken(name ?? "", others),
    })
    return shown(kind, changed)
  }

  async remove(by: Principal, id: string): Promise<void> {
    const { view } = await this.#find(by, id)
    await this.#hub.connectors.remove(by, view.id)
  }

  /** A failed test is an answer; so is one that the breaker holds back. */
  async test(by: Principal, id: string): Promise<Tested> {
    const { kind } = await this.#find(by, id)
    const report = await this.#tested(by, id)
    const { view } = await this.#find(by, id)
    const { name, type, lastTestedAt } = shown(kind, view)
    const secrets = await this.#hub.connectors.maskedSecrets(by, view.id, masked)
    const document = documentOf(view)
    const credentials = credentialsOf(kind, document, view.config).filter(({ key, place }) => place.implied !== true || document?.credentials.includes(key))
    const authConfig = Object.fromEntries(
      credentials.map(({ key, pointer, value }) => [key, value === undefined ? (secrets.get(pointer) ?? MASK) : masked(value)]),
    )
    const [status, lastError]: [Status, string | null] = report.ok ? ["active", null] : ["error", report.message]
    return { id: view.id, name, type, status, lastTestedAt, lastError, authConfig }
  }

  async #tested(by: Principal, id: string): Promise<{ ok: true } | { ok: false; message: string }> {
    const partial = (view: ConnectorView) => {
      const kind = kindOf(view)
      return kind === undefined ? undefined : partialTest(kind, view)
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

  /** A connector of the caller's tenant that KaireonAI has a name for; nothing else exists here. */
  async #find(by: Principal, id: string): Promise<{ kind: Kind; view: ConnectorView }> {
    if (!UUID.test(id)) throw unknown(id)
    const view = await this.#hub.connectors.get(by, id)
    const kind = kindOf(view)
    if (kind === undefined || !this.#kinds.includes(kind)) throw unknown(id)
    return { kind, view }
  }

  async #positionOf(by: Principal, cursor: unknown): Promise<number> {
    try {
      return (await this.#find(by, String(cursor))).view.serial
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "not_found") throw error
      throw refuse([{ pointer: "/cursor", message: "cursor must be the id of the last item of the page before." }])
    }
  }

  #kind(type: string): Kind {
    const kind = kindNamed(type)
    if (kind !== undefined && this.#kinds.includes(kind)) return kind
    const known = this.#kinds.map((each) => each.type).join(", ")
    const message = NOT_BUILT.includes(type) ? `type ${type} is not built yet` : `type ${type.slice(0, 64)} is unknown`
    throw refuse([{ pointer: "/type", message: `${message}; the types are ${known}.` }])
  }

  /** What an update posts: the given parts, and for the others what is stored, as masks. */
  #posted(kind: Kind, view: ConnectorView, body: Body): Posted {
    const document = documentOf(view)
    const inConfig = (key: string): boolean =>
      document !== undefined && !document.credentials.includes(key) && [key, kind.compound?.key ?? ""].some((each) => Object.hasOwn(document.config, each))
    const kept = credentialsOf(kind, document, view.config).filter(({ key }) => !inConfig(key))
    return {
      config: body.config ?? settingsOf(kind, document, view.config),
      authConfig: body.authConfig ?? Object.fromEntries(kept.map(({ key }) => [key, MASK])),
      authMethod: body.authMethod ?? document?.authMethod ?? "access_key",
    }
  }

  async #stored(by: Principal, kind: Kind, view: ConnectorView): Promise<Stored> {
    const secrets = await this.#hub.connectors.maskedSecrets(by, view.id, masked)
    const masks = new Map<string, string>()
    for (const { place, pointer, value } of credentialsOf(kind, documentOf(view), view.config))
      for (const [key, other] of Object.entries(kind.credentials))
        if (other.field === place.field && other.kind === place.kind && other.inner === place.inner)
          masks.set(key, value === undefined ? (secrets.get(pointer) ?? MASK) : masked(value))
    return { native: view.config as Settings, masks }
  }

  /** Names are unique among what KaireonAI shows. */
  #taken(name: string, others: readonly ConnectorView[]): PlatformError | undefined {
    const seen = others.some((view) => kindOf(view) !== undefined)
    return seen ? new PlatformError("name_taken", `A connector named "${name}" already exists.`) : undefined
  }
}

const unknown = (id: string): PlatformError => new PlatformError("not_found", `There is no connector "${id.slice(0, 100)}".`)
