/** The first line of a file for Excel, which names the delimiter: `sep=;`, in quotes or not. */
export interface SepLine {
  readonly delimiter: string
  /** The number of bytes up to the next line. */
  readonly end: number
}

const SEP_LINE = /^("?)sep=([\t -/:-@[-`{-~])\1[,;\t|]*(?:\r\n?|\n|$)/i

/** The line, if the text begins with one. The delimiter is one ASCII character other than a letter, a digit or a quote. */
export function sepLineOf(text: string): SepLine | undefined {
  const [line, , delimiter] = SEP_LINE.exec(text) ?? []
  return line === undefined || delimiter === undefined || delimiter === '"' || delimiter === "'" ? undefined : { delimiter, end: Buffer.byteLength(line) }
}
