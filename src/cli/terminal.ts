import { EXIT, Failure, usage } from "./failure.ts"
import type { Shell } from "./shell.ts"

type Style = (text: string) => string

/** How commands speak: results to stdout, everything else to stderr. Colours only for people. */
export interface Terminal {
  readonly json: boolean
  /** Whether somebody is there to answer questions. */
  readonly interactive: boolean
  /** Columns of a screen; undefined for a pipe or a file, which get everything. */
  readonly width: number | undefined
  readonly good: Style
  readonly bad: Style
  readonly dim: Style
  readonly bold: Style
  /** Writes to stdout and waits until there is room for more. */
  write(text: string | Uint8Array): Promise<void>
  line(text?: string): Promise<void>
  /** One JSON document on stdout. */
  document(value: unknown): Promise<void>
  /** A line on stderr; silent under `--json`. */
  note(text: string): void
  ask(question: string): Promise<string>
  askSecret(question: string): Promise<string>
  confirm(question: string): Promise<boolean>
}

/** Text from elsewhere (names, values, messages) must not steer the terminal: control characters become visible. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)

export function openTerminal(shell: Shell, json: boolean): Terminal {
  const { stdin, stdout, stderr, signal } = shell
  const colored = stdout.isTTY === true && (shell.env["NO_COLOR"] ?? "") === "" && shell.env["TERM"] !== "dumb"
  const style =
    (code: number): Style =>
    (text) =>
      colored ? `\u001b[${code}m${text}\u001b[0m` : text
  const interactive = stdin.isTTY === true && stderr.isTTY === true

  const write = (text: string | Uint8Array): Promise<void> =>
    stdout.write(text)
      ? Promise.resolve()
      : new Promise((resolve) => {
          stdout.once("drain", resolve)
          stdout.once("close", resolve)
        })

  async function ask(question: string): Promise<string> {
    needPerson(question)
    const { createInterface } = await import("node:readline/promises")
    const prompt = createInterface({ input: stdin, output: stderr })
    // readline takes Ctrl-C for itself while it reads a terminal.
    const interrupted = new Promise<never>((_, reject) => prompt.once("SIGINT", () => reject(stopped())))
    try {
      return await Promise.race([prompt.question(`${question} `, { signal }), interrupted])
    } catch (error) {
      throw signal.aborted ? stopped() : error
    } finally {
      prompt.close()
    }
  }

  async function askSecret(question: string): Promise<string> {
    needPerson(question)
    const { default: password } = await import("@inquirer/password")
    try {
      // Without `toggleMask: false` one key would show what was typed.
      return await password({ message: question, mask: false, toggleMask: false }, { input: stdin, output: stderr, signal })
    } catch (error) {
      if (error instanceof Error && (error.name === "ExitPromptError" || error.name === "AbortPromptError")) throw stopped()
      throw error
    }
  }

  function needPerson(question: string): void {
    if (!interactive) throw usage(`"${question}" cannot be asked, since the input is not a terminal.`, "Give the value by an option; see --help.")
  }

  return {
    json,
    interactive: interactive && !json,
    width: stdout.isTTY === true ? stdout.columns || 80 : undefined,
    good: style(32),
    bad: style(31),
    dim: style(2),
    bold: style(1),
    write,
    line: (text = "") => write(`${text}\n`),
    document: (value) => write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => {
      if (!json) stderr.write(`${text}\n`)
    },
    ask,
    askSecret,
    confirm: async (question) => /^y(es)?$/i.test((await ask(`${question} [y/N]`)).trim()),
  }
}

/** What Ctrl-C ends a command with. */
export const stopped = (): Failure => new Failure(EXIT.interrupted, { code: "cancelled", detail: "Interrupted." })
