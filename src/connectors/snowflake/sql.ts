/** A name, quoted, so that it is taken as it is written (docs, Identifier requirements). */
export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A path as SQL: `"DB"."SCHEMA"."TABLE"`. */
export const qualified = (path: readonly string[]): string => path.map(ident).join(".")

/** A string constant for statements that take no bindings: SHOW … LIKE. Backslashes escape there. */
export const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`

/** Comments, string constants and dollar-quoted ones; quoted names stay, so that a quoted function is seen. */
const OPAQUE = /--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|\$\$[\s\S]*?(?:\$\$|$)|"(?:[^"]|"")*(?:"|$)/g

/** The statement without what it only says: comments are a space, constants an empty one. */
const bare = (statement: string): string => statement.replace(OPAQUE, (part) => (part.startsWith('"') ? part : /^['$]/.test(part) ? "''" : " "))

/** Without the semicolons and blanks at its end, of which a statement of a MiB may have as many anywhere else: no regular expression goes back over them. */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && /[\s;]/.test(text[end - 1] ?? "")) end--
  return text.slice(0, end)
}

const READS = ["select", "with", "values", "show", "describe", "desc", "explain"]

/** System functions that only tell; the others cancel, abort, alter or send (docs, System functions). */
const TELLING =
  /^(typeof|wait|version|allowlist(_privatelink)?|get_\w+|show_\w+|clustering_\w+|estimate_\w+|explain_\w+|last_change_commit_time|pipe_status|stream_\w+|query_reference|reference|database_refresh_\w+|current_user_task_name)$/

/**
 * What keeps a statement from running here, as a sentence; undefined when it only reads. The SQL API has no read-only
 * transaction, so the statement itself is looked at: one statement, each part of a `->>` chain a reading one, no procedure.
 */
export function writeFault(statement: string): string | undefined {
  const text = withoutEnd(bare(statement))
  if (text.trim() === "") return "The statement is empty; send one SELECT."
  const names = text.replace(/"(?:[^"]|"")*"/g, '""')
  if (names.includes(";")) return "Only one statement is taken at a time; send them one by one."
  for (const part of names.split("->>")) {
    const word = /^[\s(]*([A-Za-z]+)/.exec(part)?.[1] ?? part.trim().slice(0, 1)
    if (!READS.includes(word.toLowerCase()))
      return `Only reading statements are taken (${READS.join(", ").toUpperCase()}); this one begins with ${word.slice(0, 40) || "nothing"}.`
  }
  // `WITH p AS PROCEDURE () … CALL p()` runs a program of the caller's.
  if (/\bas\s+procedure\b/i.test(names) || /\bcall\s+\w/i.test(names))
    return "Procedures may change data and are not called here; send a statement that only reads."
  for (const [, name = ""] of text.matchAll(/\bsystem\$(\w+)/gi))
    if (!TELLING.test(name.toLowerCase())) return `SYSTEM$${name.toUpperCase()} may change something and is not called here; send a statement that only reads.`
  return undefined
}
