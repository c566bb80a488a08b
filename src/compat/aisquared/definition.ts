import type { Side } from "../../hub/connectors/connector-lists.ts"
import type { TypeMapping } from "../mapping.ts"

/** A connector definition of AI Squared: `connector_name` on one side, and its configuration. */
export interface Definition extends TypeMapping {
  readonly side: Side
  /** The color of the icon: `#336791`. */
  readonly colour?: string
}

/** A secret as AI Squared shows it: thirteen asterisks. Sent back, it keeps the stored value. */
export const MASK = "*************"
