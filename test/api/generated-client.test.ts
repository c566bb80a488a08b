import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const run = promisify(execFile)
const SCHEMA = `
  create table customers (id int primary key, name text not null);
  create table orders (id bigint primary key, total numeric(12,2) not null, paid boolean not null);
  create view unpaid as select id, total from orders where not paid;
  insert into customers values (1, 'Ada');
  insert into orders select n, n * 10000, n = 5 from generate_series(1, 6) n;`

const database = use(() => startTestDatabase())
const hub = use(() => startHub())
/** A separate project, like that of a developer who writes a client. */
let project: string
beforeAll(async () => {
  await database.query(SCHEMA)
  project = await mkdtemp(join(tmpdir(), "jackfield-client-"))
})
afterAll(() => rm(project, { recursive: true, force: true }))

const tool = (name: string, ...args: string[]) => run(join(project, "node_modules", ".bin", name), args, { cwd: project }).catch(told)
/** Throws an error with the output of the tool that failed. */
const told = (error: { stdout?: string; stderr?: string }): never => {
  throw new Error(`${error.stdout}${error.stderr}`, { cause: error })
}

it("a client that is generated from /openapi.json compiles and runs the README's session", async () => {
  await symlink(join(process.cwd(), "node_modules"), join(project, "node_modules"))
  await writeFile(join(project, "package.json"), '{ "type": "module" }')
  const compilerOptions = { strict: true, noUncheckedIndexedAccess: true, target: "es2024", module: "nodenext", types: ["node"], skipLibCheck: true }
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }))
  await tool("openapi-typescript", `${hub.url}/openapi.json`, "--output", "paths.ts")
  const session = await readFile("test/api/client/session.ts", "utf8")
  await writeFile(join(project, "session.ts"), session.replace("../../../src/wire.ts", "./paths.js"))
  await tool("tsc")

  const env = { ...process.env, HUB: hub.url, KEY: hub.key, PORT: String(database.port), USER: database.user, PASSWORD: database.password }
  const { stdout } = await run(process.execPath, [join(project, "session.js")], { cwd: project, env }).catch(told)
  const said = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [string, unknown]),
  )
  expect(Object.fromEntries(said)).toEqual({
    denied: 422,
    allowed: "store",
    created: ["shop", "active", true],
    tested: [true, "PostgreSQL", expect.arrayContaining(["auth passed", "probe passed"])],
    discovered: [true, 3],
    catalog: [["public.unpaid", "view", ["id integer", "total decimal"]]],
    rows: [
      [
        { id: "1", total: "10000.00", paid: false },
        { id: "2", total: "20000.00", paid: false },
      ],
      true,
    ],
    query: [
      { id: "4", total: "40000.00" },
      { id: "6", total: "60000.00" },
    ],
    csv: "id,total\r\n4,40000.00\r\n6,60000.00\r\n",
    absent: 404,
    typed: "mysql",
  })
})
