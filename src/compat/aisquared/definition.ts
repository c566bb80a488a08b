import type { Side } from "../../hub/connectors/connector-lists.ts"
import type { TypeMapping } from "../mapping.ts"

/** A connector definition of AI Squared: `connector_name` on one side, and its configuration. */
export interface Definition extends TypeMapping {
  readonly side: Side
  /** The color of the icon: `#336791`. */
  readonly color?: string
}

/** AI Squared's mask for a secret: thirteen asterisks. A mask that is sent back keeps the stored value. */
export const MASK = "*************"
