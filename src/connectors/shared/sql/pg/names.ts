/** Matches valid UTF-8 in a database with the encoding SQL_ASCII, whose texts are arbitrary bytes. */
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

/** SQL for whether the server can send a text to a UTF-8 client. It converts every encoding except SQL_ASCII. */
export const isTellable = (sql: string): string =>
  `(getdatabaseencoding() <> 'SQL_ASCII' OR ${sql} IS NULL OR ${sql}::text ~ E'^(${UTF8.replaceAll("\\", "\\\\")})*$')`

/** SQL for the text; if it is not UTF-8, with its bytes escaped (`n\351`). */
export const told = (sql: string): string => `CASE WHEN ${isTellable(sql)} THEN ${sql}::text ELSE encode(convert_to(${sql}::text, 'SQL_ASCII'), 'escape') END`
