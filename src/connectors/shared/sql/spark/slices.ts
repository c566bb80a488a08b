import { type Dialect, qualified } from "../dialect.ts"
import type { ErrorTable } from "../errors.ts"
import { keySlicer, notASlice, type Slicer } from "../slices.ts"
import { byName, type SqlConnection } from "../wire.ts"
import type { Binding } from "./types.ts"

/**
 * Slices by ranges of the key, of one version of the table where it is a Delta table (docs, Work with table history). The version is
 * there until VACUUM removes its files, a week later by default.
 */
export const deltaSlicer = <C extends SqlConnection<Binding>>(dialect: Dialect<Binding>, errors: ErrorTable): Slicer<Binding, C> => ({
  ...keySlicer<Binding, C>(dialect),
  async snapshot({ wire }, call, { path, kind }) {
    if (kind !== "table") return ""
    try {
      const [last] = byName(await wire.run(`DESCRIBE HISTORY ${qualified(dialect, path)} LIMIT 1`, [], call))
      return /^\d+$/.test(String(last?.["version"])) ? String(last?.["version"]) : ""
    } catch (error) {
      // A table of another format, or one whose history the principal may not see.
      if (errors.said(error) !== undefined) return ""
      throw error
    }
  },
  asOf(stream, snapshot) {
    if (!/^\d{1,18}$/.test(snapshot)) throw notASlice(stream)
    return `VERSION AS OF ${snapshot}`
  },
})
