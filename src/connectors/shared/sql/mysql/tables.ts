import { brief } from "../errors.ts"

/** A table's row in information_schema. */
export interface Table {
  readonly path: readonly string[]
  readonly view: boolean
  /** The comment, or the server's error if it cannot open the table. */
  readonly comment: string
  /** Undefined for a view, and for a table that the server cannot open. */
  readonly engine: string | undefined
}

/** Engines whose tables consist of other tables, perhaps of another server, so that a key may occur twice. */
const WITHOUT_KEYS = /^(MRG_MYISAM|MERGE|FEDERATED|CONNECT|SPIDER)$/i

/** Whether no two rows of a table share its primary key. */
export const enforcesKeys = (engine: string | undefined): boolean => engine === undefined || !WITHOUT_KEYS.test(engine)

/** Why the table or view cannot be read by anyone; undefined if it works. */
export function brokenReason({ view, comment, engine }: Table): string | undefined {
  if (!view)
    return engine !== undefined || comment === "" ? undefined : `The server cannot open the table, which is damaged (${brief(comment)}); repair or restore it.`
  if (!/invalid/.test(comment)) return undefined
  return "The view does not work any more: it refers to something that is gone or that its definer may not read; repair or drop the view."
}
