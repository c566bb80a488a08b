import type { Call } from "../../../core/call.ts"
import type { DryRun, ServerFacts } from "../../../core/connector.ts"
import type { Atomic } from "./atomic.ts"
import type { Bytes } from "./bytes.ts"
import type { Catalog } from "./catalog.ts"
import type { Ddl } from "./ddl.ts"
import type { Dialect } from "./dialect.ts"
import type { ErrorTable } from "./errors.ts"
import type { Grants } from "./grants.ts"
import type { Named } from "./named.ts"
import type { Slicer } from "./slices.ts"
import type { Page, SqlConnection } from "./wire.ts"
import type { Writer } from "./writer.ts"

/** The roles of a SQL type, from which `sqlVerbs` makes its verbs. `B` is what the wire binds, `C` what `connect` returns. */
export interface SqlType<B, C extends SqlConnection<B>> {
  readonly dialect: Dialect<B>
  readonly catalog: Catalog<C>
  readonly errors: ErrorTable
  /** How missing rights are found out. Absent: a refusal names what the server said alone. */
  readonly grants?: Grants<C>
  /** An authenticated round trip, in the stages `permission` and `probe`. */
  facts(client: C, call: Call): Promise<ServerFacts>
  /** What a reading statement would read, which the system says without running it. Absent: the system cannot say it. */
  dryRun?(client: C, sql: string, params: readonly B[], call: Call): Promise<DryRun>
  /** Absent: the type does not write. */
  readonly writer?: Writer<B, C>
  /** Absent: streams are not cut into slices. */
  readonly slicer?: Slicer<B, C>
  /** Absent: streams pass as rows only. */
  readonly bytes?: Bytes<B, C>
  /** Absent: the type makes no tables and keeps no commits. */
  readonly ddl?: Ddl<C>
  /** Writes rows and the row of a commit together where the wire has no transactions. */
  readonly atomic?: Atomic
  /** Does the work of a name once, so that a commit is the name of what writes its rows. */
  readonly named?: Named<C>
  /** Reads a whole stream that has no order without a statement, where that costs less. Undefined for what only a statement reads. */
  listed?(client: C, path: readonly string[], columns: readonly string[], call: Call): Promise<AsyncIterable<Page> | undefined>
  /** Returns a session to a clean state; throws if that fails. Absent: a session is used once. */
  reset?(client: C, call: Call): Promise<void>
}
