import type { Guess } from "../../../../../core/streams.ts"
import type { CsvOptions } from "../options.ts"
import type { Shape } from "../shape.ts"
import type { Encoding } from "./encoding.ts"
import type { Table } from "./tables.ts"
import type { Trailing } from "./trailing.ts"

export const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" } as const
export const QUOTES = { double: '"', single: "'", none: "" } as const

const nameIn = (names: Readonly<Record<string, string>>, character: string): string =>
  Object.entries(names).find(([, each]) => each === character)?.[0] ?? character

export const delimiterName = ({ delimiter }: Pick<Shape, "delimiter">): string => nameIn(DELIMITERS, delimiter)
export const quoteName = ({ quote }: Pick<Shape, "quote">): string => nameIn(QUOTES, quote)

/** The decisions about a file's format. */
interface Decided {
  readonly options: CsvOptions
  readonly encoding: Encoding
  readonly shape: Shape
  /** Whether the file itself names the delimiter. */
  readonly named: boolean
  /** The table by another delimiter that fits nearly as well. */
  readonly nearly: Table | undefined
  readonly width: number
  readonly header: boolean
  /** Whether the values prove that there is a header, or that there is none. */
  readonly certain: boolean
  /** The number of lines before the header that are skipped. */
  readonly skipped: number
  readonly trailing: Trailing
}

/** The decisions that neither the file proves nor an option fixes. */
export function guessesOf(decided: Decided): Guess[] {
  const { encoding, options, certain, header, skipped, trailing } = decided
  const guesses: Guess[] = encoding.guess === undefined ? [] : [encoding.guess]
  if (options.delimiter === "auto" && !decided.named) guesses.push(...delimiterGuess(decided))
  if (options.quote === "auto" && decided.shape.quote === "'")
    guesses.push({
      setting: "quote",
      taken: "single",
      alternative: "double",
      message: "The quote ' is a guess; if values should keep it, set the quote to double.",
    })
  if (skipped > 0) {
    const lines = skipped === 1 ? "The first line is" : `The first ${skipped} lines are`
    guesses.push({
      setting: "skipLines",
      taken: String(skipped),
      alternative: "0",
      message: `${lines} skipped as notes above the header, which is a guess; set the number of lines to skip.`,
    })
  }
  if (options.header === "auto" && !certain)
    guesses.push(
      header
        ? {
            setting: "header",
            taken: "yes",
            alternative: "no",
            message: "The first line is taken for the header, which is a guess; if it is a row, set the header to no.",
          }
        : {
            setting: "header",
            taken: "no",
            alternative: "yes",
            message: "The first line is taken for a row, which is a guess; if it is the header, set the header to yes.",
          },
    )
  if (options.trailingDelimiter === "auto" && trailing === "rows")
    guesses.push({
      setting: "trailingDelimiter",
      taken: "drop",
      alternative: "keep",
      message: "Every row ends in a delimiter that the header does not have; it is dropped, which is a guess.",
    })
  return guesses
}

function delimiterGuess({ shape, nearly, width }: Decided): Guess[] {
  const taken = delimiterName(shape)
  if (width === 1) {
    const other = nearly === undefined ? {} : { alternative: delimiterName(nearly.shape) }
    return [{ setting: "delimiter", taken, ...other, message: "The file has one column, which is a guess; if that is wrong, set the delimiter." }]
  }
  if (nearly === undefined) return []
  const alternative = delimiterName(nearly.shape)
  return [
    { setting: "delimiter", taken, alternative, message: `The delimiter ${taken} is a guess, because ${alternative} fits nearly as well; set the delimiter.` },
  ]
}
