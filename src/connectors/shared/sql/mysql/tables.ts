import { brief } from "../errors.ts"

/** What information_schema says of a table beside its columns. */
export interface Table {
  readonly path: readonly string[]
  readonly view: boolean
  /** The comment, or what is wrong with the table. */
  readonly comment: string
  /** Undefined for a view, and for a table that the server cannot open. */
  readonly engine: string | undefined
}

/** Engines whose tables are made of others', which may have a key twice: the same rows in two parts, or another server's keys. */
const WITHOUT_KEYS = /^(MRG_MYISAM|MERGE|FEDERATED|CONNECT|SPIDER)$/i

/** Whether no two rows of a table share its primary key. */
export const enforcesKeys = (engine: string | undefined): boolean => engine === undefined || !WITHOUT_KEYS.test(engine)

/** Why nobody can read the table or view; undefined when it works. */
export function brokenReason({ view, comment, engine }: Table): string | undefined {
  if (!view)
    return engine !== undefined || comment === "" ? undefined : `The server cannot open the table, which is damaged (${brief(comment)}); repair or restore it.`
  if (!/invalid/.test(comment)) return undefined
  return "The view does not work any more: it names something that is gone, or that its definer may not read; mend or drop it."
}
