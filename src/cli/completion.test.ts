import { execFileSync, spawnSync } from "node:child_process"
import { PassThrough } from "node:stream"
import { describe, expect, test } from "vitest"
import { completionScript, SHELLS } from "./completion.ts"
import { commandFacts } from "./program.ts"
import type { Shell } from "./shell.ts"

const shell = {
  argv: [],
  env: {},
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  signal: new AbortController().signal,
} as unknown as Shell
const commands = commandFacts(shell, "1.2.3")

/** The words that bash offers for the last word. */
function offered(...words: string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(" ")
  const script = `${completionScript("bash", commands)}\nCOMP_WORDS=(jackfield ${typed}); COMP_CWORD=${words.length}; _jackfield; echo "\${COMPREPLY[@]}"`
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split(" ")
}

describe("completion in bash", () => {
  test.each([
    [["conn"], ["connectors"]],
    [["connectors", "cred"], ["credentials"]],
    [["connectors", "credentials", "st"], ["stage"]],
    [["connectors", "list", "--st"], ["--status"]],
    [["connectors", "ls", "--st"], ["--status"]],
    [["connectors", "test", "shop", "--t"], ["--timeout"]],
    [["connectors", "nothing-of-the-kind", "--zzz"], [""]],
  ])("for %j offers %j", (words, wanted) => expect(offered(...words)).toEqual(wanted))
})

const installed = (program: string): boolean => spawnSync(program, ["-c", "true"]).status === 0
const CASES: readonly [readonly string[], string][] = [
  [["conn"], "connectors"],
  [["connectors", "cred"], "credentials"],
  [["connectors", "credentials", "st"], "stage"],
  [["connectors", "ls", "--st"], "--status"],
  [["connectors", "test", "shop", "--t"], "--timeout"],
]

test.runIf(installed("fish")).each(CASES)("fish: for %j offers %s", (words, wanted) => {
  const script = `${completionScript("fish", commands)}\ncomplete -C 'jackfield ${words.join(" ")}'`
  expect(execFileSync("fish", ["--no-config", "-c", script], { encoding: "utf8" })).toMatch(new RegExp(`^${wanted}\t`, "m"))
})

// Without a terminal, zsh's compgen returns all words and leaves the choice to the line editor.
test.runIf(installed("zsh")).each(CASES)("zsh: for %j offers %s", (words, wanted) => {
  const typed = `COMP_CWORD=${words.length}; COMP_WORDS=(jackfield ${words.join(" ")}); _jackfield; print -r -- "\${COMPREPLY[@]}"`
  const script = `compdef() { : }\n${completionScript("zsh", commands)}\nf() { emulate -L sh; setopt ksharrays; ${typed} }; f`
  expect(execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8" }).trim().split(" ")).toContain(wanted)
})

test.each(SHELLS)("the script for %s contains every command", (name) => {
  const script = completionScript(name, commands)
  for (const { path } of commands) for (const word of path) expect(script).toContain(word)
})
