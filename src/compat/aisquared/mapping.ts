import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import type { Settings } from "../mapping.ts"
import { aroundOf, dotted, lastOf } from "../places.ts"
import { faultsOf, lacking, readConfig } from "../read-config.ts"
import { exposedSecrets, storedDocument, writeDocument } from "../write-document.ts"
import { type Definition, MASK } from "./definition.ts"
import { unfit } from "./errors.ts"

/** Converts a configuration to a config, and to a document without its secrets. Throws `config_invalid` for the first fault. */
export function nativeOf({ rows }: Definition, configuration: Settings, stored: Settings | undefined): { config: Record<string, unknown>; document: Settings } {
  const [missing] = lacking(rows, configuration)
  if (missing !== undefined) throw unfit(`The property '#${aroundOf(missing) || "/"}' did not contain a required property of '${lastOf(missing)}'.`)
  const [fault] = faultsOf(rows, configuration)
  if (fault !== undefined) throw unfit(`${dotted(fault.pointer)} ${fault.message}`)
  const exposed = exposedSecrets(rows, configuration)
  if (exposed.length > 0) throw unfit(`${exposed.join(", ")} looks like a credential, which would not be encrypted there.`)
  const config = readConfig(rows, configuration, { is: (value, { secret }) => secret === true && value === MASK, stored })
  return { config, document: storedDocument(rows, configuration, MASK) }
}

/** A configuration as the client sent it, updated with later changes from other APIs; secrets are masked. */
export const configurationOf = ({ rows }: Definition, view: ConnectorView): Settings =>
  writeDocument(rows, view.config, { sent: view.compat === "aisquared" ? (view.document ?? undefined) : undefined, mask: MASK, defaults: undefined })
