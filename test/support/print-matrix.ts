/** Prints a table: a column for each of `columns`, a row for each of `rows`, both with their names. */
export function printMatrix(
  corner: string,
  columns: readonly string[],
  rows: readonly (readonly [name: string, cells: readonly string[]])[],
  width: number,
): void {
  const line = (first: string, rest: readonly string[]): string => `| ${[first.padEnd(30), ...rest.map((text) => text.padEnd(width))].join(" | ")} |`
  const rule = line(
    "-".repeat(30),
    columns.map(() => "-".repeat(width)),
  )
  console.log(["", line(corner, columns), rule, ...rows.map(([name, cells]) => line(name, cells)), ""].join("\n"))
}
