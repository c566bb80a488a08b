import { randomUUID } from "node:crypto"
import type { Principal } from "../../src/hub/base/principal.ts"
import { Identity } from "../../src/hub/people/identity.ts"
import { makeWorkspace } from "../../src/hub/people/workspaces.ts"
import { allWorkspaces } from "../../src/store/lookups.ts"
import type { Store } from "../../src/store/store.ts"

/** The limits of every workspace. As in the specification's example, a rate of 60 is returned as 10. */
const PLAN = { httpConnectors: 25, ratePerMinute: 10, concurrency: 5 }

/**
 * Accepts every caller as an operator, with or without credentials, and selects the named workspace, or creates it.
 * For the playground only.
 */
export class OpenIdentity extends Identity {
  readonly #hub: Store

  constructor(store: Store, signingKey: Uint8Array) {
    super(store, signingKey)
    this.#hub = store
  }

  override async authenticate(_credential: string | undefined, workspace: string | undefined): Promise<Principal> {
    const all = await this.#hub.asHub(allWorkspaces)
    const found = workspace === undefined ? all[0] : all.find(({ id, name, serial }) => [id, name, String(serial)].includes(workspace))
    const { id, serial, name } = found ?? (await this.#make(workspace ?? "main"))
    return { id: "playground", kind: "key", name: "playground", workspace: { id, serial, name }, role: "admin", operator: true }
  }

  /** Gives the existing workspaces the playground's plan. */
  async applyPlan(): Promise<void> {
    for (const { id } of await this.#hub.asHub(allWorkspaces)) await this.#plan(id)
  }

  async #make(name: string): Promise<{ id: string; serial: number; name: string }> {
    const id = randomUUID()
    const made = await this.#hub.inWorkspace(id, (tx) => makeWorkspace(tx, id, { name: name.slice(0, 100) }, undefined))
    await this.#plan(id)
    return made
  }

  async #plan(id: string): Promise<void> {
    await this.#hub.inWorkspace(id, (tx) =>
      tx
        .updateTable("workspaces")
        .set({ plan: JSON.stringify(PLAN) })
        .where("id", "=", id)
        .execute(),
    )
  }
}
