import type { AnyConnector } from "./connector.ts"
import { PlatformError } from "./errors.ts"

/** Connector types by name, in the order of the list. */
export class Registry {
  readonly #types: ReadonlyMap<string, AnyConnector>

  constructor(connectors: readonly AnyConnector[]) {
    this.#types = new Map(connectors.map((connector) => [connector.type, connector]))
    if (this.#types.size !== connectors.length) throw new PlatformError("internal", "Two connector types have the same name; each must have its own.")
  }

  all(): AnyConnector[] {
    return [...this.#types.values()]
  }

  find(type: string): AnyConnector | undefined {
    return this.#types.get(type)
  }
}
