import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import { sideOf } from "../../hub/connectors/connector-lists.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Settings } from "../mapping.ts"
import { type ConnectorBody, type ListQuery, requireDefinition } from "./contract.ts"
import { type BuiltDefinition, definitionFor, definitionsOf } from "./definitions.ts"
import { iconPath } from "./icons.ts"
import { configurationOf, nativeOf } from "./mapping.ts"

/** A connector resource (JSON:API); `icon` is below `base`. */
export interface Resource {
  readonly id: string
  readonly type: "connectors"
  readonly attributes: Readonly<Record<string, unknown>>
}

/** The number of attempts for a change that conflicts with another change. */
const ATTEMPTS = 5

/** The hub's connectors in AI Squared's form: identified by their integer serial, each a source or a destination. */
export class Connectors {
  readonly #hub: Hub
  readonly definitions: readonly BuiltDefinition[]

  constructor(hub: Hub) {
    this.#hub = hub
    this.definitions = definitionsOf(hub.registry)
  }

  /** The requested page, most recently changed first, and the total number of connectors. */
  async list(by: Principal, query: ListQuery, base: string): Promise<{ data: Resource[]; total: number }> {
    const { page, perPage } = query
    const sides = this.definitions.filter((each) => isIn(each, query)).map(({ type, side }) => ({ type, side }))
    const { data, total } = await this.#hub.connectors.search(by, { sides, order: "updated", offset: (page - 1) * perPage, limit: perPage })
    const resources = data.flatMap((view) => {
      const definition = this.#definitionOf(view)
      return definition === undefined ? [] : [resourceOf(definition, view, by, base)]
    })
    return { data: resources, total }
  }

  async get(by: Principal, id: number, base: string): Promise<Resource> {
    const { definition, view } = await this.#find(by, id)
    return resourceOf(definition, view, by, base)
  }

  /** Stores a connector without a test, as the vendor does. Names are unique among the sources and among the destinations. */
  async create(by: Principal, body: ConnectorBody, base: string): Promise<Resource> {
    const { name = "", connector_type: side = "source", connector_name: named = "", configuration = {}, description = "" } = body
    const definition = requireDefinition(this.definitions, side, named)
    const { config, document } = nativeOf(definition, configuration, undefined)
    const view = await this.#hub.connectors.create(
      by,
      { title: name, type: definition.type, purpose: side, description, config: { ...definition.initial, ...config }, draft: true },
      { compat: "aisquared", document, refuse: this.#taken(definition) },
    )
    return resourceOf(definition, view, by, base)
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

  /** Changes only the given columns. A configuration is replaced as a whole, except that masked values are kept. */
  async #tryUpdate(by: Principal, id: number, body: ConnectorBody, base: string): Promise<Resource> {
    const { definition: before, view } = await this.#find(by, id)
    const definition = requireDefinition(this.definitions, body.connector_type ?? before.side, body.connector_name ?? before.name)
    const moved = definition !== before
    const sameType = definition.type === view.type
    const configuration: Settings | undefined = body.configuration ?? (moved ? configurationOf(before, view) : undefined)
    const native = configuration === undefined ? undefined : nativeOf(definition, configuration, sameType ? view.config : undefined)
    const changed = await this.#hub.connectors.patch(
      by,
      view.id,
      {
        ...(body.name === undefined ? {} : { title: body.name }),
        ...(body.description === undefined ? {} : { description: body.description }),
        ...(moved ? { purpose: definition.side } : {}),
        ...(sameType ? {} : { type: definition.type }),
        ...(native === undefined ? {} : { config: { ...(moved ? definition.initial : {}), ...native.config }, draft: true }),
      },
      view.version,
      { ...(native === undefined ? {} : { compat: "aisquared", document: native.document }), refuse: this.#taken(definition) },
    )
    return resourceOf(definition, changed, by, base)
  }

  async remove(by: Principal, id: number): Promise<void> {
    const { view } = await this.#find(by, id)
    await this.#hub.connectors.remove(by, view.id)
  }

  async #find(by: Principal, id: number): Promise<{ definition: BuiltDefinition; view: ConnectorView }> {
    const view = await this.#hub.connectors.get(by, id)
    const definition = this.#definitionOf(view)
    if (definition === undefined) throw new PlatformError("not_found", `There is no connector ${id}.`)
    return { definition, view }
  }

  #definitionOf(view: ConnectorView): BuiltDefinition | undefined {
    return definitionFor(this.definitions, sideOf(this.#hub.registry, view), view.type)
  }

  #taken({ side }: BuiltDefinition): (sameTitle: readonly ConnectorView[]) => PlatformError | undefined {
    return (sameTitle) => {
      const found = sameTitle.some((view) => this.#definitionOf(view)?.side === side)
      return found ? new PlatformError("name_taken", `There is already a ${side} with that name; choose another name.`) : undefined
    }
  }
}

/** The vendor has all mapped types in its category `data`; our databases and warehouses are in its sub-category `database`. */
const isIn = ({ side, connector }: BuiltDefinition, query: ListQuery): boolean =>
  (query.side ?? side) === side &&
  (query.category ?? "data") === "data" &&
  (query.subCategory === undefined || (query.subCategory === "database" && (connector.category === "database" || connector.category === "warehouse")))

function resourceOf(definition: BuiltDefinition, view: ConnectorView, by: Principal, base: string): Resource {
  return {
    id: String(view.serial),
    type: "connectors",
    attributes: {
      name: view.title,
      description: view.description === "" ? null : view.description,
      connector_type: definition.side,
      workspace_id: by.workspace.serial,
      created_at: view.createdAt,
      updated_at: view.updatedAt,
      configuration: configurationOf(definition, view),
      connector_name: definition.name,
      icon: base + iconPath(definition),
    },
  }
}
