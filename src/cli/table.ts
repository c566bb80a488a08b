import { printable } from "./terminal.ts"

/** The approximate width of a text on a screen: wide East Asian characters and emoji take two columns, marks none. */
function widthOf(text: string): number {
  let width = 0
  for (const char of text) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(char)) continue
    width += /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6]/u.test(char) ? 2 : 1
  }
  return width
}

function clip(text: string, most: number): string {
  if (widthOf(text) <= most) return text
  let out = ""
  for (const char of text) {
    if (widthOf(out + char) > most - 1) break
    out += char
  }
  return `${out}…`
}

export interface TableOptions {
  /** The width of the screen in columns; without it nothing is truncated. */
  readonly width?: number | undefined
  /** Formats the header line, such as bold; unchanged by default. */
  readonly header?: (text: string) => string
  readonly rightAligned?: readonly number[]
}

/**
 * Aligned columns with a header, one line per row, each with a final newline; line breaks in cells appear as `\n`.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const shown = [header, ...rows].map((row) => row.map((cell) => printable(cell).replaceAll("\n", "\\n").replaceAll("\t", "\\t")))
  const widths = header.map((_, column) => Math.max(1, ...shown.map((row) => widthOf(row[column] ?? ""))))
  narrow(widths, options.width)
  return shown
    .map((row, index) => {
      const line = widths
        .map((width, column) => {
          const cell = clip(row[column] ?? "", width)
          const space = " ".repeat(width - widthOf(cell))
          return options.rightAligned?.includes(column) ? space + cell : cell + space
        })
        .join("  ")
        .trimEnd()
      return `${index === 0 && options.header ? options.header(line) : line}\n`
    })
    .join("")
}

/** Shortens the widest column until the line fits; no column becomes narrower than 8. */
function narrow(widths: number[], screen: number | undefined): void {
  if (screen === undefined) return
  let excess = widths.reduce((sum, width) => sum + width + 2, -2) - screen
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (width <= 8) return
    widths[widest] = width - 1
    excess--
  }
}

/** Two columns without a header: names and values; rows without a value are left out. */
export function facts(rows: readonly (readonly [string, string | undefined])[], dim: (text: string) => string = (text) => text): string {
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== "")
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${dim(name.padEnd(width))}  ${printable(value)}\n`).join("")
}
