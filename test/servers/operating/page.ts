/** What a page has the reader type, and what it says comes back. */
export interface Step {
  /** The line of the page, from 1. */
  readonly line: number
  readonly command: string
  /** Lines of a `console` block, `…` standing for anything; undefined for a `sh` block, whose output the page does not show. */
  readonly expected?: readonly string[]
}

/** The commands of a page's fenced blocks in their order: a `sh` block is one step, a `console` block one for each `$ `; `sh not-run` is left out. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = []
  let fence: { language: string; line: number; lines: string[] } | undefined
  for (const [index, text] of page.split("\n").entries()) {
    if (fence === undefined) {
      const opening = /^```(.*)$/.exec(text)
      if (opening) fence = { language: opening[1] ?? "", line: index + 2, lines: [] }
    } else if (text === "```") {
      if (fence.language === "sh") steps.push({ line: fence.line, command: fence.lines.join("\n") })
      if (fence.language === "console") steps.push(...typed(fence.lines, fence.line))
      fence = undefined
    } else fence.lines.push(text)
  }
  return steps
}

function typed(lines: readonly string[], first: number): Step[] {
  const steps: { line: number; command: string; expected: string[] }[] = []
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("$ ")) steps.push({ line: first + index, command: text.slice(2), expected: [] })
    else steps.at(-1)?.expected.push(text)
  }
  return steps
}

/** One shell's script for all steps, each between marks; what a step wrote to both streams comes after its mark. */
export function scriptOf(steps: readonly Step[]): string {
  const trap = `trap 'echo "@@broke $? $BASH_COMMAND"' ERR`
  const pieces = steps.map((step, index) =>
    step.expected === undefined
      ? `echo "@@step ${index}"\n${trap}\n${step.command}\ntrap - ERR`
      : `echo "@@step ${index}"\n${step.command}\nprintf '\\n@@exit %s\\n' $?`,
  )
  return ["exec 2>&1", "set -o pipefail", ...pieces, 'echo "@@done"', ""].join("\n")
}

/** What each step printed, by its number; steps that were never reached are absent. */
export function outputsOf(text: string): string[] {
  const outputs: string[] = []
  for (const part of text.split(/^@@step /m).slice(1)) {
    const end = part.indexOf("\n")
    outputs[Number(part.slice(0, end))] = part.slice(end + 1).replace(/@@done\n$/, "")
  }
  return outputs
}

/** What is wrong with a step, in words; undefined when it did as the page says. A refusal is expected where the page shows one. */
export function faultOf(step: Step, output: string | undefined): string | undefined {
  const at = `line ${step.line}, ${step.command.split("\n")[0]}`
  if (output === undefined) return `${at}: was not reached`
  if (step.expected === undefined) return output.includes("@@broke ") ? `${at}:\n${output}` : undefined
  const exit = Number(/^@@exit (\d+)$/m.exec(output)?.[1])
  const shown = output.replace(/\n*@@exit \d+\n$/, "\n").replace(/^\n$/, "")
  const refused = step.expected.some((line) => /^(error:|jackfield:|Failed )/.test(line))
  if ((exit !== 0) !== refused) return `${at}: exit code ${exit}\n${shown}`
  return patternOf(step.expected).test(shown) ? undefined : `${at}: the page says\n${step.expected.join("\n")}\nand it printed\n${shown}`
}

/** `…` alone on a line is any number of lines, within one any text; white space between words may differ. */
function patternOf(expected: readonly string[]): RegExp {
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")
  const lines = expected.map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map(literal).join(".*")}\\s*?\\n`))
  return new RegExp(`^${lines.join("")}$`)
}
