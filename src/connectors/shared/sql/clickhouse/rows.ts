import { PlatformError } from "../../../../core/errors.ts"
import { explained } from "../../../../core/http/errors.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { unescaped } from "./native.ts"
import { columnOf } from "./types.ts"
import { cellReader, type ReadCell } from "./values.ts"

/** A part of an answer. */
export interface Part {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
}

/** How an answer is read. */
export interface AnswerForm {
  /** The text that the server writes behind the last row of a whole result; undefined if it cannot be told to. */
  readonly end: string | undefined
  /** Whether the server writes instants in ISO 8601. */
  readonly iso: boolean
  /** The error that the server's text tells. */
  refusal(text: string): PlatformError
}

/** How servers begin the text of an exception that they write behind rows. Newer ones put a line with a carriage return before it, which no value has. */
const EXCEPTION = /^Code: \d+[.,] (e\.displayText\(\) = )?DB::/
/** Bytes of one row at most. */
const ROW_MAX = 128 * 1_048_576
const EXCEPTION_MAX = 65_536
const COLUMNS_MAX = 10_000

/**
 * Reads an answer in TabSeparatedWithNamesAndTypes, or its equal in CustomSeparated, as it arrives. It is complete only with its end: an
 * exception that the server writes behind rows is thrown, and an answer that was cut is `connection_lost`.
 */
export async function* partsOf(body: AsyncIterable<Buffer>, form: AnswerForm): AsyncGenerator<Part> {
  const reader = new Answer(form)
  let rest = ""
  try {
    for await (const chunk of body) {
      // Each character is a byte, so that a cell is decoded by its type.
      const lines = chunk.toString("latin1").split("\n")
      lines[0] = rest + (lines[0] ?? "")
      rest = lines.pop() ?? ""
      if (rest.length > ROW_MAX) throw new PlatformError("response_too_large", `The answer has a row of more than ${ROW_MAX / 1_048_576} MiB; select less.`)
      const part = reader.take(lines)
      if (part !== undefined) yield part
    }
  } catch (error) {
    // The server closes the connection behind an exception.
    throw reader.exception(rest) ?? explained(error)
  }
  const last = reader.end(rest)
  if (last !== undefined) yield last
}

class Answer {
  readonly #form: AnswerForm
  #names: readonly string[] | undefined
  #columns: readonly Column[] | undefined
  #cells: readonly ReadCell[] = []
  /** The text from the line where the server's exception begins. */
  #exception: string | undefined
  /** Rows from one that looks like an exception. */
  #held: string | undefined

  constructor(form: AnswerForm) {
    this.#form = form
  }

  take(lines: readonly string[]): Part | undefined {
    const rows: Value[][] = []
    for (const line of lines) {
      if (this.#exception !== undefined) this.#exception = `${this.#exception}\n${line}`.slice(0, EXCEPTION_MAX)
      else if (this.#isException(line)) this.#exception = line
      else if (this.#names === undefined) this.#names = headerOf(line)
      else if (this.#columns === undefined) this.#describe(line)
      else if (this.#held !== undefined || EXCEPTION.test(line)) rows.push(...this.#hold(line))
      else rows.push(this.#row(line))
    }
    return rows.length === 0 ? undefined : { columns: this.#columns ?? [], rows }
  }

  /** A line that no row can be. Without an end to wait for, one with the text of an exception counts as one, unless it is a part of a row. */
  #isException(line: string): boolean {
    if (line.endsWith("\r")) return true
    if (!EXCEPTION.test(line)) return false
    const fits = this.#split(line).length === this.#cells.length
    return !fits || (this.#form.end === undefined && this.#cells.length < 2)
  }

  /** Keeps a row back that looks like an exception, and what follows it: they are rows if more comes than an exception says, or the end. */
  #hold(line: string): Value[][] {
    this.#held = this.#held === undefined ? line : `${this.#held}\n${line}`
    return this.#held.length > EXCEPTION_MAX ? this.#release() : []
  }

  #release(): Value[][] {
    const lines = this.#held?.split("\n") ?? []
    this.#held = undefined
    return lines.map((line) => this.#row(line))
  }

  /** The exception that the answer ends with, if it does. */
  exception(rest: string): PlatformError | undefined {
    const text = this.#exception ?? this.#held ?? (EXCEPTION.test(rest) ? "" : undefined)
    return text === undefined ? undefined : this.#form.refusal(utf8Of(`${text}\n${rest}`))
  }

  end(rest: string): Part | undefined {
    const { end } = this.#form
    const whole = this.#exception === undefined && (end === undefined ? rest === "" : rest === end && this.#columns !== undefined)
    if (!whole) throw this.exception(rest) ?? new PlatformError("connection_lost", "The answer of ClickHouse ended before the result was complete; try again.")
    return this.#columns === undefined ? undefined : { columns: this.#columns, rows: this.#release() }
  }

  #describe(line: string): void {
    const types = headerOf(line)
    const names = distinctNames(this.#names ?? [])
    if (types.length !== names.length) throw strangeAnswer()
    const { iso } = this.#form
    this.#columns = types.map((type, at) => {
      const column = columnOf(names[at] ?? "", type)
      return column.type === "timestamp" && !iso ? { ...column, zoned: false } : column
    })
    this.#cells = this.#columns.map(({ name, nativeType }) => cellReader(name, nativeType))
  }

  /** The cells of a line, and one more at most: a line of nothing but tabs would otherwise become millions of cells. */
  #split(line: string): string[] {
    return line.split("\t", this.#cells.length + 1)
  }

  #row(line: string): Value[] {
    const cells = this.#split(line)
    if (cells.length !== this.#cells.length) throw strangeAnswer()
    return cells.map((cell, at) => (this.#cells[at] as ReadCell)(cell))
  }
}

/** The names or types of the columns. */
function headerOf(line: string): string[] {
  const cells = line.split("\t", COLUMNS_MAX + 1)
  if (cells.length > COLUMNS_MAX) throw new PlatformError("response_too_large", `The answer has more than ${COLUMNS_MAX} columns; select fewer.`)
  return cells.map(textOf)
}

const utf8Of = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8")
const textOf = (cell: string): string => utf8Of(unescaped(cell))

const strangeAnswer = (): PlatformError =>
  new PlatformError(
    "response_invalid",
    "The answer is not in the form that ClickHouse was asked for; leave FORMAT out of the statement, and check for a proxy.",
  )
