import { PlatformError } from "../../core/errors.ts"
import { planOf } from "../../hub/base/plans.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Hub } from "../../hub/hub.ts"
import type { ConnectorBody } from "./body.ts"
import { inputOf } from "./mapping.ts"
import { isNamed, type Shown, shown } from "./shape.ts"
import { CONNECTOR } from "./types.ts"

const PAGE = 1_000
const LARGEST_ID = 2_147_483_647
/** Removes the document of any other compatible API: Databar needs none, because the connector holds all of its values. */
const WRITTEN_HERE = { compat: "databar", document: {} }

/** The hub's HTTP connectors in Databar's form. */
export class Connectors {
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  /** Lists all connectors, oldest first. */
  async list(by: Principal): Promise<Shown[]> {
    const plan = await planOf(this.#hub.store, by.workspace.id)
    const found: ConnectorView[] = []
    for (let after = 0; ; ) {
      const { data } = await this.#hub.connectors.search(by, { types: [CONNECTOR.type], limit: PAGE, after })
      found.push(...data)
      if (data.length < PAGE) break
      after = data.at(-1)?.serial ?? LARGEST_ID
    }
    return found.filter(isNamed).map((view) => shown(view, plan))
  }

  async get(by: Principal, id: number): Promise<Shown> {
    return shown(await this.#find(by, id), await planOf(this.#hub.store, by.workspace.id))
  }

  /** The answer repeats the headers, parameters and body that were just sent. It is the only answer of this API that contains secrets. */
  async create(by: Principal, body: ConnectorBody): Promise<Shown> {
    const plan = await planOf(this.#hub.store, by.workspace.id)
    const view = await this.#hub.connectors.create(by, { type: CONNECTOR.type, ...inputOf(body, undefined, plan) }, WRITTEN_HERE)
    return { ...shown(view, plan), headers: body.headers, parameters: body.parameters, body: body.body }
  }

  /** Replaces the whole connector, except that masked values are kept. */
  async replace(by: Principal, id: number, body: ConnectorBody): Promise<Shown> {
    const [stored, plan] = [await this.#find(by, id), await planOf(this.#hub.store, by.workspace.id)]
    return shown(await this.#hub.connectors.patch(by, stored.id, inputOf(body, stored, plan), undefined, WRITTEN_HERE), plan)
  }

  async remove(by: Principal, id: number): Promise<void> {
    const { id: ref } = await this.#find(by, id)
    await this.#hub.connectors.remove(by, ref)
  }

  async #find(by: Principal, id: number): Promise<ConnectorView> {
    if (id >= 1 && id <= LARGEST_ID) {
      const view = await this.#hub.connectors.get(by, id)
      if (isNamed(view)) return view
    }
    throw new PlatformError("not_found", `There is no connector ${id}.`)
  }
}
