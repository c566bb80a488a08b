import type { Fault } from "../../core/errors.ts"
import type { ConnectorLimits, ConnectorPurpose } from "../../store/database.ts"
import type { ConnectorRow } from "./connector-row.ts"

type Plain = Readonly<Record<string, unknown>>

/** The state of a connector, without its secrets, as changes change it and versions keep it. */
export interface ConnectorState {
  readonly name: string
  readonly title: string
  readonly type: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: ConnectorPurpose | null
  readonly limits: ConnectorLimits | null
  readonly config: Plain
  readonly missing: readonly Fault[]
  readonly enabled: boolean
  readonly compat: string | null
  readonly document: Plain | null
}

/**
 * One change of a version, by its JSON pointer (`/config/host`, `/title`). Values of secrets are left out, and values of more
 * than 512 characters as JSON.
 */
export interface Change {
  readonly pointer: string
  readonly change: "added" | "changed" | "removed"
  readonly secret?: true
  readonly before?: unknown
  readonly after?: unknown
}

const SHOWN_CHARACTERS = 512

export const stateOf = (row: ConnectorRow): ConnectorState => ({
  name: row.name,
  title: row.title,
  type: row.type,
  description: row.description,
  labels: row.labels,
  purpose: row.purpose,
  limits: row.limits,
  config: row.config,
  missing: row.missing,
  enabled: row.status !== "disabled",
  compat: row.compat,
  document: row.document,
})

const JSON_COLUMNS: readonly (keyof ConnectorState)[] = ["labels", "limits", "config", "missing", "document"]

/** The columns of a state, or of a part of it. `enabled` is a part of the status, which the caller sets. */
export function columnsOf(state: Partial<ConnectorState>): Record<string, unknown> {
  const { enabled: _, ...columns } = state
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => [
      name,
      value !== null && JSON_COLUMNS.includes(name as keyof ConnectorState) ? JSON.stringify(value) : value,
    ]),
  )
}

/** The differences between two states. A compatible API's document is compared and never shown; `missing` follows from the rest. */
export function changesBetween(before: ConnectorState, after: ConnectorState): Change[] {
  const { missing: _before, document: documentBefore, ...was } = before
  const { missing: _after, document: documentAfter, ...is } = after
  const documents = difference(documentBefore, documentAfter, "/document")
  return [...difference(was, is, ""), ...(documents.length === 0 ? [] : [{ pointer: "/document", change: "changed" as const }])]
}

/** Whether a change affects where the connector connects to, or how it logs in there. */
export const reconfigures = ({ pointer }: Pick<Change, "pointer">): boolean => pointer === "/type" || pointer.startsWith("/config/")

function difference(before: unknown, after: unknown, pointer: string): Change[] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return names.flatMap((name) => difference(before[name], after[name], `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`))
  }
  if (before === after) return []
  return [
    { pointer, change: before === undefined ? "added" : after === undefined ? "removed" : "changed", ...shown("before", before), ...shown("after", after) },
  ]
}

const shown = (name: "before" | "after", value: unknown): Partial<Change> =>
  value === undefined || JSON.stringify(value).length > SHOWN_CHARACTERS ? {} : { [name]: value }

const isTree = (value: unknown): value is Plain => value !== null && typeof value === "object"
