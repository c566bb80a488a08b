import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { jackfieldAt, json, problem } from "../support/jackfield.ts"
import { keepFolder } from "../support/keeper.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub())
const folder = use(() => keepFolder("test-uploads"))
const run = jackfieldAt(hub)
beforeAll(async () => {
  await writeFile(join(folder.path, "orders.csv"), "id,name\n1,Zoë\n2\n3,Bo\n")
})

test("a file is uploaded, read as rows, and removed when no connector reads it", async () => {
  const added = await run(["uploads", "add", join(folder.path, "orders.csv")])
  expect([added.code, added.stderr]).toEqual([0, expect.stringContaining("Uploaded orders.csv: 22 bytes, SHA-256 ")])
  const id = added.stdout.trim()
  const source = ["--set", "source.kind=upload", "--set", `source.upload=${id}`]
  expect((await run(["connectors", "add", "--type", "csv", "--name", "orders", ...source, "--verify"])).code).toBe(0)
  const list = await run(["uploads", "list"])
  expect(list.stdout).toMatch(/^NAME +BYTES +UPLOADED +READ BY +ID\n/)
  expect(list.stdout).toMatch(new RegExp(`orders.csv +22 .* orders +${id}`))
  const rows = await run(["connectors", "rows", "orders", "orders.csv"])
  expect(rows.stdout).toBe("id  name\n 1  Zoë\n 3  Bo\n")
  expect(rows.stderr).toContain("Line 3 was rejected: has 1 field, and the file has 2 columns.")
  const catalog = await run(["connectors", "catalog", "orders"])
  expect(catalog.stdout).toContain("Partial: 1 of 2 (1 file, 1 rejected record)")
  const refused = await run(["uploads", "remove", "orders.csv", "--yes", "--json"])
  expect([refused.code, problem(refused).code]).toEqual([1, "in_use"])
  await run(["connectors", "remove", "orders", "--yes"])
  expect((await run(["uploads", "remove", "orders.csv"])).code).toBe(2)
  for (const wanted of [id, "orders.csv"])
    expect((await run(["uploads", "show", wanted])).stdout).toMatch(
      new RegExp(`^name +orders\\.csv\nbytes +22\nsha256 +[0-9a-f]{64}\nsent .*\nread by +nothing\nid +${id}\n$`),
    )
  expect((await run(["uploads", "show", "nothing"])).code).toBe(5)
  expect((await run(["uploads", "remove", "orders.csv", "-y"])).stdout).toBe("Removed orders.csv.\n")
  expect(json<{ total: number }>(await run(["uploads", "list", "--json"])).total).toBe(0)
})

test("a file can come from stdin, and an unreadable file is a usage error", async () => {
  const made = json<{ name: string; bytes: number }>(await run(["uploads", "add", "-", "--name", "in.csv", "--json"], { stdin: "a,b\n" }))
  expect(made).toMatchObject({ name: "in.csv", bytes: 4 })
  for (const path of [join(folder.path, "nothing.csv"), folder.path]) expect((await run(["uploads", "add", path])).code).toBe(2)
  expect((await run(["uploads", "remove", "nothing"])).code).toBe(5)
})
