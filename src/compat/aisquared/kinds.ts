import type { Side } from "../../hub/connectors/connector-lists.ts"
import { httpDestination, httpSource } from "./http.ts"
import type { Kind } from "./kind.ts"
import { mariadbDestination, mariadbSource } from "./mariadb.ts"
import { postgresqlDestination, postgresqlSource } from "./postgresql.ts"
import { snowflakeSource } from "./snowflake.ts"

const KINDS: readonly Kind[] = [postgresqlSource, mariadbSource, snowflakeSource, httpSource, postgresqlDestination, mariadbDestination, httpDestination]

/** The kinds whose native type this hub has. */
export const kindsOf = (isBuilt: (native: string) => boolean): Kind[] => KINDS.filter((kind) => isBuilt(kind.native))

/** By the vendor's name, in its exact case. */
export const kindNamed = (kinds: readonly Kind[], side: Side, name: string): Kind | undefined => kinds.find((kind) => kind.side === side && kind.name === name)

/** Of a native type on one side. */
export const kindFor = (kinds: readonly Kind[], side: Side, native: string): Kind | undefined =>
  kinds.find((kind) => kind.side === side && kind.native === native)
