import type { Column } from "../../core/values.ts"
import { widens } from "./type-changes.ts"

export const CHANGE_KINDS = [
  "stream_added",
  "stream_removed",
  "kind_changed",
  "key_changed",
  "column_added",
  "column_removed",
  "type_changed",
  "nullable_changed",
] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** A change that the store found. */
export interface FoundChange {
  readonly kind: ChangeKind
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** Whether readers or writers of the old stream may fail with the new one, and why. */
export interface Judgement {
  readonly breaking: boolean
  readonly why: string
}

const breaking = (why: string): Judgement => ({ breaking: true, why })
const harmless = (why: string): Judgement => ({ breaking: false, why })

/** Judges a change. A change that is not known to be harmless is breaking. */
export function judge({ kind, before, after }: FoundChange): Judgement {
  switch (kind) {
    case "stream_added":
      return harmless("It did not exist before.")
    case "stream_removed":
      return breaking("Readers and writers no longer find it.")
    case "kind_changed":
      return breaking("The new kind may not allow the same operations.")
    case "key_changed":
      return breaking("Rows are now identified by other columns.")
    case "column_removed":
      return breaking("Readers and writers no longer find it.")
    case "column_added":
      return after?.["nullable"] === true ? harmless("Writers may leave it out.") : breaking("Writers must give it, unless it has a default.")
    case "nullable_changed":
      return after?.["nullable"] === true
        ? harmless("Every value is still accepted; readers may now find nulls.")
        : breaking("Rows without a value are now refused.")
    case "type_changed":
      return widens(before as unknown as Column, after as unknown as Column)
        ? harmless("The new type holds every value of the old one.")
        : breaking("As far as the hub can tell, the new type does not hold every value of the old one.")
  }
}
