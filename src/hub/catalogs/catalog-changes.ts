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

/** A change as the store found it. */
export interface FoundChange {
  readonly kind: ChangeKind
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** Whether who reads or writes the stream as it was may fail now, and why. */
export interface Judgement {
  readonly breaking: boolean
  readonly why: string
}

const breaking = (why: string): Judgement => ({ breaking: true, why })
const harmless = (why: string): Judgement => ({ breaking: false, why })

/** Judges a change; one that the hub cannot tell to be harmless is breaking. */
export function judge({ kind, before, after }: FoundChange): Judgement {
  switch (kind) {
    case "stream_added":
      return harmless("Nobody used it before.")
    case "stream_removed":
      return breaking("Whoever reads or writes it finds it no more.")
    case "kind_changed":
      return breaking("What can be done with it may differ.")
    case "key_changed":
      return breaking("Rows are told apart by other columns.")
    case "column_removed":
      return breaking("Whoever reads or writes it finds it no more.")
    case "column_added":
      return after?.["nullable"] === true ? harmless("It may be left out.") : breaking("Whoever writes rows must give it, unless it has a default.")
    case "nullable_changed":
      return after?.["nullable"] === true
        ? harmless("Every value that was taken still is; readers may now find none.")
        : breaking("Rows without a value are refused now.")
    case "type_changed":
      return widens(before as unknown as Column, after as unknown as Column)
        ? harmless("The new type holds every value of the old one.")
        : breaking("Not every value of the old type is one of the new, as far as the hub can tell.")
  }
}
