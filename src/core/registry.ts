import type { AnyConnector } from "./connector.ts"
import { PlatformError } from "./errors.ts"

/** Connector types by name, in the order of the list. */
export class Registry {
  readonly #types: ReadonlyMap<string, AnyConnector>

  constructor(connectors: readonly AnyConnector[]) {
    this.#types = new Map(connectors.map((connector) => [connector.type, connector]))
    const schemes = connectors.flatMap(({ url }) => url?.schemes ?? [])
    const twice = schemes.find((scheme, index) => schemes.indexOf(scheme) !== index)
    if (twice !== undefined) throw new PlatformError("internal", `Two connector types have URLs that start with ${twice}:; a scheme belongs to one type.`)
    if (this.#types.size !== connectors.length) throw new PlatformError("internal", "Two connector types have the same name; each must have its own.")
  }

  all(): AnyConnector[] {
    return [...this.#types.values()]
  }

  /** The type whose URLs have that scheme, in lower case and without the colon. */
  withScheme(scheme: string): AnyConnector | undefined {
    return this.all().find(({ url }) => url?.schemes.includes(scheme))
  }

  find(type: string): AnyConnector | undefined {
    return this.#types.get(type)
  }

  /** The type that people mean by that name: its own, or a scheme of its URLs (`mariadb` is `mysql`). */
  named(name: string): AnyConnector | undefined {
    return this.#types.get(name) ?? this.withScheme(name.toLowerCase())
  }
}
