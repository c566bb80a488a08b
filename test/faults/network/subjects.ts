import { connectors } from "../../../src/connectors/index.ts"
import type { AnyConnector } from "../../../src/core/connector.ts"
import { fixtures } from "../../fixtures/index.ts"
import type { Network } from "../../fixtures/network/network.ts"

/** A type in the fault tests. */
export interface Subject extends Network {
  readonly connector: AnyConnector
}

/** All types, from their fixtures' `network`. */
export const subjects: readonly Subject[] = fixtures.map(({ type, network }) => {
  const connector = connectors.find((each) => each.type === type)
  if (connector === undefined) throw new Error(`there is no type ${type}`)
  return { connector, ...network }
})
