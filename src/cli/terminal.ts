import { EXIT, Failure, usage } from "./failure.ts"
import type { Shell } from "./shell.ts"

type Style = (text: string) => string

/** The output of commands: results go to stdout, everything else to stderr. Only people see colors. */
export interface Terminal {
  readonly json: boolean
  /** Whether a person can answer questions. */
  readonly interactive: boolean
  /** The width of the screen in columns; undefined for a pipe or a file, where nothing is truncated. */
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

/**
 * Makes control characters visible, so that text from elsewhere (names, values, messages) cannot control the
 * terminal.
 */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters.
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
    // readline handles Ctrl-C itself while it reads from a terminal.
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
      // Without `toggleMask: false`, one key would show the typed text.
      return await password({ message: question, mask: false, toggleMask: false }, { input: stdin, output: stderr, signal })
    } catch (error) {
      if (error instanceof Error && (error.name === "ExitPromptError" || error.name === "AbortPromptError")) throw stopped()
      throw error
    }
  }

  function needPerson(question: string): void {
    if (!interactive) throw usage(`"${question}" cannot be asked, because the input is not a terminal.`, "Use an option for the value; see --help.")
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

/** The failure of a command that is ended by Ctrl-C. */
export const stopped = (): Failure => new Failure(EXIT.interrupted, { code: "cancelled", detail: "Interrupted." })
