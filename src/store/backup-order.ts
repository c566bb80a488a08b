/** The description of a backup, before its rows. */
export interface BackupHeader {
  readonly createdAt: string
  /** The version of the PostgreSQL server that the backup was taken from. */
  readonly server: string
  /** The migrations of its schema, in order. */
  readonly migrations: readonly string[]
  readonly tables: readonly BackupTable[]
  readonly sequences: readonly BackupSequence[]
  /** The vault's checks, which only the right master keys can open. */
  readonly keys: unknown
}

export interface BackupTable {
  readonly name: string
  readonly columns: readonly string[]
}

export interface BackupSequence {
  readonly name: string
  readonly last: string
  readonly called: boolean
}

/** The end of a table: the number of its rows, and the size and SHA-256 of their bytes. */
export interface TableEnd {
  readonly name: string
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

/** One frame of a backup. */
export type Frame =
  | { readonly type: "H"; readonly header: BackupHeader }
  | { readonly type: "T"; readonly name: string }
  | { readonly type: "D"; readonly bytes: Buffer }
  | { readonly type: "E"; readonly end: TableEnd }
  | { readonly type: "Z" }

/** Names as this schema writes them; they appear in SQL, quoted. */
const NAME = /^[a-z][a-z0-9_]{0,62}$/

/**
 * Whether a parsed header is valid. A file is untrusted until its hash is verified, and even then only its author
 * vouches for it.
 */
export function isHeader(value: unknown): value is BackupHeader {
  if (!isRecord(value) || typeof value["createdAt"] !== "string" || typeof value["server"] !== "string") return false
  const { migrations, tables, sequences, keys } = value
  if (!isListOf(migrations, isText) || !isListOf(tables, isTable) || !isListOf(sequences, isSequence) || !isListOf(keys, isKeyCheck)) return false
  return new Set(tables.map(({ name }) => name)).size === tables.length
}

/**
 * Checks the order of a backup's frames: the header; the tables that it names, in that order, each started, filled
 * and ended; then the end.
 */
export class FrameOrder {
  #due: string[] | undefined
  #open: string | undefined

  /** Whether that frame may come next. */
  takes(frame: Frame): boolean {
    if (frame.type === "H") {
      if (this.#due !== undefined) return false
      this.#due = frame.header.tables.map(({ name }) => name)
      return true
    }
    if (frame.type === "T") {
      if (this.#open !== undefined || this.#due === undefined) return false
      this.#open = this.#due.shift()
      return this.#open !== undefined && this.#open === frame.name
    }
    if (frame.type === "D") return this.#open !== undefined
    if (frame.type === "Z") return this.#due?.length === 0 && this.#open === undefined
    const fits = this.#open !== undefined && this.#open === frame.end.name
    this.#open = undefined
    return fits
  }
}

type Plain = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === "string"
const isName = (value: unknown): value is string => typeof value === "string" && NAME.test(value)

function isListOf<T>(value: unknown, is: (each: unknown) => each is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is)
}

const isTable = (value: unknown): value is BackupHeader["tables"][number] =>
  isRecord(value) && isName(value["name"]) && isListOf(value["columns"], isName) && value["columns"].length > 0

const isSequence = (value: unknown): value is BackupHeader["sequences"][number] =>
  isRecord(value) && isName(value["name"]) && isText(value["last"]) && /^\d{1,19}$/.test(value["last"]) && typeof value["called"] === "boolean"

/** A key check with the members that the vault needs to open it. */
const isKeyCheck = (value: unknown): value is Plain =>
  isRecord(value) &&
  isText(value["keyId"]) &&
  isText(value["wrapped"]) &&
  isRecord(value["context"]) &&
  isText(value["context"]["workspaceId"]) &&
  isText(value["context"]["dataKeyId"])
