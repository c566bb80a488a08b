import { PlatformError } from "../../core/errors.ts"
import { sideOf } from "../../hub/connectors/connector-lists.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Principal } from "../../hub/people/identity.ts"
import { type ConnectorBody, type ListQuery, requireKind } from "./contract.ts"
import { iconPath } from "./icons.ts"
import type { Kind, Settings } from "./kind.ts"
import { kindFor, kindsOf } from "./kinds.ts"
import { configurationOf, nativeOf } from "./mapping.ts"

/** A connector resource (JSON:API); `icon` is below `base`. */
export interface Resource {
  readonly id: string
  readonly type: "connectors"
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A change is made again on what another left behind, this many times. */
const ATTEMPTS = 5

/** The hub's connectors as AI Squared names them: by the integer serial, on one side. */
export class Connectors {
  readonly #hub: Hub
  readonly kinds: readonly Kind[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.kinds = kindsOf((native) => hub.registry.find(native) !== undefined)
  }

  /** The page asked for, last changed first, and how many there are in all. */
  async list(by: Principal, query: ListQuery, base: string): Promise<{ data: Resource[]; total: number }> {
    const { page, perPage } = query
    const sides = this.kinds.filter((kind) => isIn(kind, query)).map(({ native, side }) => ({ type: native, side }))
    const { data, total } = await this.#hub.connectors.search(by, { sides, order: "updated", offset: (page - 1) * perPage, limit: perPage })
    const resources = data.flatMap((view) => {
      const kind = this.#kindOf(view)
      return kind === undefined ? [] : [resourceOf(kind, view, by, base)]
    })
    return { data: resources, total }
  }

  async get(by: Principal, id: number, base: string): Promise<Resource> {
    const { kind, view } = await this.#find(by, id)
    return resourceOf(kind, view, by, base)
  }

  /** Stores it without a test, as the vendor does. Names are unique on one side. */
  async create(by: Principal, body: ConnectorBody, base: string): Promise<Resource> {
    const { name = "", connector_type: side = "source", connector_name: named = "", configuration = {}, description = "" } = body
    const kind = requireKind(this.kinds, side, named)
    const { config, document } = nativeOf(kind, configuration, undefined)
    const view = await this.#hub.connectors.create(
      by,
      { title: name, type: kind.native, purpose: side, description, config, draft: true },
      { compat: "aisquared", document, refuse: this.#taken(kind) },
    )
    return resourceOf(kind, view, by, base)
  }

  async update(by: Principal, id: number, body: ConnectorBody, base: string): Promise<Resource> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryUpdate(by, id, body, base)
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== "version_stale" || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Given columns only; a configuration is replaced whole but for masked values. */
  async #tryUpdate(by: Principal, id: number, body: ConnectorBody, base: string): Promise<Resource> {
    const { kind: before, view } = await this.#find(by, id)
    const kind = requireKind(this.kinds, body.connector_type ?? before.side, body.connector_name ?? before.name)
    const moved = kind !== before
    const configuration: Settings | undefined = body.configuration ?? (moved ? configurationOf(before, view) : undefined)
    const native = configuration === undefined ? undefined : nativeOf(kind, configuration, kind.native === view.type ? view.config : undefined)
    const changed = await this.#hub.connectors.patch(
      by,
      view.id,
      {
        ...(body.name === undefined ? {} : { title: body.name }),
        ...(body.description === undefined ? {} : { description: body.description }),
        ...(moved ? { purpose: kind.side } : {}),
        ...(kind.native === view.type ? {} : { type: kind.native }),
        ...(native === undefined ? {} : { config: native.config, draft: true }),
      },
      view.version,
      { ...(native === undefined ? {} : { compat: "aisquared", document: native.document }), refuse: this.#taken(kind) },
    )
    return resourceOf(kind, changed, by, base)
  }

  async remove(by: Principal, id: number): Promise<void> {
    const { view } = await this.#find(by, id)
    await this.#hub.connectors.remove(by, view.id)
  }

  async #find(by: Principal, id: number): Promise<{ kind: Kind; view: ConnectorView }> {
    const view = await this.#hub.connectors.get(by, id)
    const kind = this.#kindOf(view)
    if (kind === undefined) throw new PlatformError("not_found", `There is no connector ${id}.`)
    return { kind, view }
  }

  #kindOf(view: ConnectorView): Kind | undefined {
    return kindFor(this.kinds, sideOf(this.#hub.registry, view), view.type)
  }

  #taken({ side }: Kind): (sameTitle: readonly ConnectorView[]) => PlatformError | undefined {
    return (sameTitle) => {
      const found = sameTitle.some((view) => this.#kindOf(view)?.side === side)
      return found ? new PlatformError("name_taken", `There is a ${side} of that name already; choose another.`) : undefined
    }
  }
}

/** All that is built is of the category `data`; what is no API is a `database`. */
const isIn = ({ side, native }: Kind, query: ListQuery): boolean =>
  (query.side ?? side) === side &&
  (query.category ?? "data") === "data" &&
  (query.subCategory === undefined || (query.subCategory === "database" && native !== "http"))

function resourceOf(kind: Kind, view: ConnectorView, by: Principal, base: string): Resource {
  return {
    id: String(view.serial),
    type: "connectors",
    attributes: {
      name: view.title,
      description: view.description === "" ? null : view.description,
      connector_type: kind.side,
      workspace_id: by.workspace.serial,
      created_at: view.createdAt,
      updated_at: view.updatedAt,
      configuration: configurationOf(kind, view),
      connector_name: kind.name,
      icon: base + iconPath(kind),
    },
  }
}
