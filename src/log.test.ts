import { expect, it } from "vitest"
import { holdSecrets } from "./core/scrub.ts"
import { createLog, gathered } from "./log.ts"

const SECRET = "hunter2-and-more"

it.each([false, true])("shows no secret that is in use, wherever it appears in a line (terminal: %s)", (isTTY) => {
  const lines: string[] = []
  const log = createLog("debug", { isTTY, write: (line: string) => void lines.push(line) })
  const release = holdSecrets([SECRET])
  const base64 = Buffer.from(SECRET).toString("base64")
  log.info({ given: SECRET, deep: { url: `https://x/?k=${SECRET}` }, err: new Error(`refused ${SECRET}`, { cause: new Error(SECRET) }) }, `with ${base64}`)
  release()
  expect(lines.join("")).toContain("[secret]")
  expect(lines.join("")).not.toContain(SECRET)
  expect(lines.join("")).not.toContain(base64.slice(0, 18))
})

it("writes the lines of one turn at once, in order, and the rest on flush", async () => {
  const written: string[] = []
  const output = gathered({ write: (text: string) => void written.push(text) })
  output.write("one\n")
  output.write("two\n")
  expect(written).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(written).toEqual(["one\ntwo\n"])
  output.write("three\n")
  output.flush()
  output.flush()
  await new Promise((resolve) => setImmediate(resolve))
  expect(written).toEqual(["one\ntwo\n", "three\n"])
  output.write("x".repeat(70_000))
  expect(written).toHaveLength(3)
})

it("prints only the standard parts of an error, and no other property", () => {
  const lines: string[] = []
  const log = createLog("debug", { write: (line: string) => void lines.push(line) })
  const cause = Object.assign(new Error("inner"), { row: SECRET })
  const error = Object.assign(new TypeError("outer", { cause }), { code: "E_X", config: { password: SECRET }, bytes: Buffer.from(SECRET), [SECRET]: true })
  for (const err of [error, { password: SECRET }, SECRET.length, undefined]) log.warn({ err }, "failed")
  expect(lines.join("")).not.toContain(SECRET)
  expect(lines.join("")).not.toContain([...Buffer.from(SECRET)].join(","))
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ err: { message: "outer: inner", code: "E_X", stack: expect.stringContaining("log.test.ts") } })
})
