import { PassThrough, Writable } from "node:stream"
import { describe, expect, test } from "vitest"
import { PlatformError } from "../core/errors.ts"
import { expiry } from "./commands/keys.ts"
import { agreed } from "./consent.ts"
import { timeoutOf } from "./duration-input.ts"
import { asFailure, EXIT, exitOf } from "./failure.ts"
import { problemLines, stageLine, verdictLines } from "./report.ts"
import type { Shell } from "./shell.ts"
import { facts, table } from "./table.ts"
import { openTerminal, printable } from "./terminal.ts"

function shellOf(env: NodeJS.ProcessEnv = {}, isTTY = false): Shell {
  const stream = () => Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), { isTTY })
  return { argv: [], env, stdin: Object.assign(new PassThrough(), { isTTY }), stdout: stream(), stderr: stream(), signal: new AbortController().signal }
}

describe("a table", () => {
  test("aligns by width on the screen, including wide characters, and has no trailing spaces", () => {
    expect(
      table(
        ["NAME", "N"],
        [
          ["日本", "1"],
          ["a", "20"],
        ],
        { rightAligned: [1] },
      ),
    ).toBe("NAME   N\n日本   1\na     20\n")
  })

  test("truncates the widest column until it fits the screen, and truncates nothing without a screen", () => {
    const long = "x".repeat(50)
    expect(table(["A", "B"], [[long, "short"]], { width: 30 }).split("\n")[1]).toBe(`${"x".repeat(22)}…  short`)
    expect(table(["A"], [[long]])).toContain(long)
  })

  test("a value cannot control the terminal or break the line", () => {
    expect(table(["A"], [["\u001b[31mred\nnext\u0007"]])).toBe("A\n\\x1b[31mred\\nnext\\x07\n")
    expect(
      facts([
        ["a", "x\u001b]0;title\u0007"],
        ["none", undefined],
      ]),
    ).toBe("a  x\\x1b]0;title\\x07\n")
    expect(printable("\u009b31m")).toBe("\\x9b31m")
  })
})

describe("color is used only for people", () => {
  test.each([
    ["a terminal", {}, true, true],
    ["a pipe", {}, false, false],
    ["NO_COLOR", { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR", { NO_COLOR: "" }, true, true],
    ["a dumb terminal", { TERM: "dumb" }, true, false],
  ])("%s", (_, env, isTTY, colored) => {
    expect(openTerminal(shellOf(env, isTTY), false).good("x") !== "x").toBe(colored)
  })
})

describe("questions", () => {
  function person(typed: string) {
    const shell = shellOf({}, true)
    let shown = ""
    const stderr = Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          // Types once, as soon as the question is shown, like a person.
          if (shown === "") setTimeout(() => (shell.stdin as PassThrough).write(typed), 50)
          shown += chunk.toString()
          done()
        },
      }),
      { isTTY: true },
    )
    return { terminal: openTerminal({ ...shell, stderr }, false), shown: () => shown }
  }

  test("a secret is never shown, whichever key is pressed", async () => {
    // In prompts with that feature, Ctrl-T shows the value.
    const { terminal, shown } = person("hunter\u00142\r")
    expect(await terminal.askSecret("Password:")).toBe("hunter2")
    expect(shown()).toContain("Password:")
    expect(shown()).not.toMatch(/hunter/)
  })

  test("Ctrl-C exits with 130", async () => {
    await expect(person("hun\u0003").terminal.askSecret("Password:")).rejects.toMatchObject({ exit: EXIT.interrupted })
  })

  test.each([
    ["y", true],
    ["YES", true],
    ["", false],
    ["yikes", false],
  ])("only a yes confirms: %j", async (typed, yes) => {
    expect(await person(`${typed}\n`).terminal.confirm("Sure?")).toBe(yes)
  })

  test("a destructive action needs a yes or --yes", async () => {
    const ask = (typed: string, yes?: true) => agreed(person(`${typed}\n`).terminal, yes === undefined ? {} : { yes }, "Removing it", "Remove it?")
    expect([await ask("y"), await ask("n"), await ask("n", true)]).toEqual([true, false, true])
    const declined = person("\n")
    await agreed(declined.terminal, {}, "Removing it", "Remove it?")
    expect(declined.shown()).toMatch(/Remove it\? \[y\/N\][\s\S]*Nothing was changed\./)
    await expect(agreed(openTerminal(shellOf({}, true), true), {}, "Removing it", "Remove it?")).rejects.toThrow("Removing it needs a confirmation")
  })

  test("without a terminal, a question is a usage failure and does not wait", async () => {
    await expect(openTerminal(shellOf(), false).ask("Name:")).rejects.toMatchObject({ exit: EXIT.usage })
  })
})

describe("a report", () => {
  const terminal = openTerminal(shellOf(), false)

  test("a passed stage shows its detail, and the verdict shows that of a failed stage", () => {
    expect(stageLine(terminal, { name: "connect", status: "passed", durationMs: 1.25, detail: "203.0.113.7:5432" })).toBe(
      "✓ connect       1.3 ms  203.0.113.7:5432",
    )
    expect(stageLine(terminal, { name: "auth", status: "failed", durationMs: 12, detail: "wrong" })).toBe("✗ auth           12 ms")
  })

  test("the verdict names the server, or the cause and one next step", () => {
    const stages = { durationMs: 52, stages: [] }
    expect(verdictLines(terminal, { ok: true, ...stages, server: { product: "PostgreSQL", version: "15.18", warnings: ["w"] } }, "")).toEqual([
      "Works: PostgreSQL 15.18, 52 ms",
      "! w",
    ])
    const failed = (message: string) =>
      verdictLines(terminal, { ok: false, ...stages, error: { code: "auth_failed", message, next: "Check user.", stage: "auth" } }, "")
    expect(failed("The login was refused.")).toEqual(["Failed (auth_failed): The login was refused.", "→ Check user."])
    expect(failed("The login was refused; check user.")).toHaveLength(1)
  })
})

describe("a failure", () => {
  test("of the platform keeps its code, faults and exit code", () => {
    const failure = asFailure(new PlatformError("config_invalid", "Two faults.", { faults: [{ pointer: "/host", message: "Host is wrong." }] }))
    expect(failure.exit).toBe(EXIT.usage)
    expect(problemLines(openTerminal(shellOf(), false), failure.problem)).toEqual(["error: Two faults.", "  /host: Host is wrong."])
  })

  test("that is unexpected does not reveal its cause", () => {
    expect(JSON.stringify(asFailure(new Error("password=hunter2")).problem)).not.toContain("hunter2")
  })

  test.each([
    ["unauthenticated", 4],
    ["forbidden", 4],
    ["not_found", 5],
    ["store_unavailable", 3],
    ["request_invalid", 2],
    ["egress_denied", 1],
    ["query_invalid", 1],
    ["nothing_known", 1],
  ])("%s ends with %d", (code, exit) => {
    expect(exitOf(code)).toBe(exit)
  })
})

test("--expires accepts durations and times", () => {
  const now = Date.parse("2026-01-01T00:00:00Z")
  expect(expiry("90d", now)).toBe("2026-04-01T00:00:00.000Z")
  expect(expiry("12h", now)).toBe("2026-01-01T12:00:00.000Z")
  expect(expiry("2027-01-31T01:00:00+01:00", now)).toBe("2027-01-31T00:00:00.000Z")
  for (const wrong of ["", "soon", "90", "-1d", "2027-01-31", "2027-01-31T00:00:00"]) expect(() => expiry(wrong, now)).toThrow("--expires")
})

test("--timeout accepts seconds, within the hub's limits", () => {
  expect([timeoutOf(undefined, 30), timeoutOf("0.1", 30), timeoutOf("30", 30)]).toEqual([{}, { timeoutMs: 100 }, { timeoutMs: 30_000 }])
  for (const wrong of ["", "0", "0.01", "30.1", "-1", "soon"]) expect(() => timeoutOf(wrong, 30)).toThrow("between 0.1 and 30 seconds")
})
