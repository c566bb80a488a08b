/** Text in UTF-8, for a database of encoding SQL_ASCII, whose texts are bytes and may be anything. */
const UTF8 = [
  "[\\x01-\\x7F]",
  "[\\xC2-\\xDF][\\x80-\\xBF]",
  "\\xE0[\\xA0-\\xBF][\\x80-\\xBF]",
  "[\\xE1-\\xEC\\xEE\\xEF][\\x80-\\xBF]{2}",
  "\\xED[\\x80-\\x9F][\\x80-\\xBF]",
  "\\xF0[\\x90-\\xBF][\\x80-\\xBF]{2}",
  "[\\xF1-\\xF3][\\x80-\\xBF]{3}",
  "\\xF4[\\x80-\\x8F][\\x80-\\xBF]{2}",
].join("|")

/** Whether the server can send a text to a client of UTF-8. Every encoding but SQL_ASCII is converted. */
export const isTellable = (sql: string): string =>
  `(getdatabaseencoding() <> 'SQL_ASCII' OR ${sql} IS NULL OR ${sql}::text ~ E'^(${UTF8.replaceAll("\\", "\\\\")})*$')`

/** The text, or one in which the bytes that are no UTF-8 are escaped (`n\351`). */
export const told = (sql: string): string => `CASE WHEN ${isTellable(sql)} THEN ${sql}::text ELSE encode(convert_to(${sql}::text, 'SQL_ASCII'), 'escape') END`
