import type { TextShape } from "../text/records.ts"

/** How a text is cut into records, by single ASCII characters; `quote` is "" if fields are not quoted. */
export interface Shape extends TextShape {
  readonly delimiter: string
  readonly quote: string
  /** Lines that begin with this text are comments; "" if there are none. */
  readonly comment: string
}

/** Null for an empty field, "" for a pair of quotes with nothing between them. */
export type Fields = readonly (string | null)[]

/** The fields of a comment. */
export const COMMENT: Fields = []

/** Whether a record is a comment or a blank line. */
export const isBlank = (fields: Fields): boolean => fields.length === 0 || (fields.length === 1 && fields[0] === null)

/** The text of a line without the CR of a CR LF. */
export const withoutCr = (text: string, { newline }: Shape): string => (newline === "\n" && text.endsWith("\r") ? text.slice(0, -1) : text)
