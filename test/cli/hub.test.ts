import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { jackfield, jackfieldAt, json, problem } from "../support/jackfield.ts"
import { keepFolder } from "../support/keeper.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const PASSWORD = "reader-hunter2"

const database = use(() => startTestDatabase())
const hub = use(() => startHub())
const folder = use(() => keepFolder("test-cli"))
/** Runs the command in the hub's folder, where it finds the hub by the file that the first start wrote. */
const run = jackfieldAt(hub)

beforeAll(async () => {
  await database.query(`
    create role reader login password '${PASSWORD}';
    create table orders (id int primary key, "the customer" text, total numeric(38,10), at timestamptz);
    insert into orders select n, case when n = 2 then null else E'Zoë \\U0001F600 ' || n end, n + 0.5, '2026-03-29T01:30:00Z' from generate_series(1, 3) n;
    create view big as select n from generate_series(1, 20000) n;
    create table "do.t""s" (id int primary key); insert into "do.t""s" values (1); grant select on "do.t""s" to reader;
    create table hidden (secret text);
    create table breaks (id int primary key);
    insert into breaks select generate_series(1, 20000);
    alter table breaks enable row level security;
    create policy fails on breaks using (1 / (15000 - id) is not null);
    grant select on orders, big, breaks to reader;
    create schema closed; create table closed.t (a int);
  `)
})

const shop = (name: string, ...more: string[]): string[] => {
  const fields = [`host=${database.host}`, `port=${database.port}`, "database=postgres", "user=reader", "tls.kind=off"]
  return ["connectors", "add", "--type", "postgres", "--name", name, ...fields.flatMap((each) => ["--set", each]), ...more]
}

interface Connector {
  name: string
  status: string
  config: { password?: unknown; host?: string; port?: number }
  labels: Record<string, string>
  missing: unknown[]
}

describe("from an empty hub to rows", () => {
  test("types lists the registry, and the fields of one type", async () => {
    const all = await run(["connectors", "types"])
    expect(all.stdout).toMatch(/^TYPE +TITLE/)
    expect(all.stdout).toContain("postgres")
    const one = await run(["connectors", "types", "postgres"])
    expect(one.stdout).toMatch(/tls\.ca/)
    expect(one.code).toBe(0)
  })

  test("help shows a command of a group, and for add with a type the fields of the type", async () => {
    expect((await run(["help", "connectors", "add"])).stdout).toContain("Usage: jackfield connectors add")
    const helped = await run(["connectors", "add", "--type", "mariadb", "--help"])
    expect([helped.code, helped.stdout]).toEqual([
      0,
      expect.stringMatching(/Usage: jackfield connectors add[\s\S]*Fields of mysql[\s\S]*tls\.kind=verify[\s\S]*tls\.ca/),
    ])
    expect((await run(["connectors", "ls"])).code).toBe(0)
    const mistyped = await run(["connectors", "lst"])
    expect([mistyped.code, mistyped.stderr]).toEqual([2, expect.stringContaining("did you mean")])
    expect((await run(["connectors", "types", "postgre"])).stderr).toContain('Did you mean "postgres"?')
    expect((await run(["version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test("add takes the secret from the environment and shows only its mask", async () => {
    const ran = await run(shop("shop", "--secret-env", "password=DB_PASSWORD", "--label", "team=sales", "--json"), { env: { DB_PASSWORD: PASSWORD } })
    expect(ran.stderr).toBe("")
    expect(ran.code).toBe(0)
    const added = json<Connector>(ran)
    expect(added).toMatchObject({ name: "shop", status: "untested", labels: { team: "sales" }, config: { port: database.port, password: { set: true } } })
    expect(ran.stdout).not.toContain("hunter2")
  })

  test("a private address is denied with the command that allows it, and the command works", async () => {
    const denied = await run(["connectors", "test", "shop"])
    expect(denied.code).toBe(1)
    expect(denied.stdout).toMatch(/✗ policy[\s\S]*egress_denied/)
    const [, rule = ""] = /jackfield egress allow ([^\s`]+)/.exec(denied.stdout) ?? []
    const allowed = await run(["egress", "allow", rule, "--note", "the shop"])
    expect([allowed.code, allowed.stderr]).toEqual([0, ""])
    expect((await run(["egress", "list"])).stdout).toMatch(new RegExp(`127\\.0\\.0\\.1/32:${database.port} .* the shop`))
  })

  test("test prints the stages in order and then the server", async () => {
    const ran = await run(["connectors", "test", "shop"])
    expect(ran.code).toBe(0)
    const names = ran.stdout
      .split("\n")
      .filter((line) => line.startsWith("✓"))
      .map((line) => line.split(" ")[1])
    expect(names).toEqual(["config", "resolve", "policy", "connect", "auth", "permission", "probe"])
    expect(ran.stdout).toMatch(/\nWorks: PostgreSQL /)
    expect(json<{ ok: boolean }>(await run(["connectors", "test", "shop", "--json"])).ok).toBe(true)
  })

  test("list and show print connectors, with secrets hidden", async () => {
    expect((await run(["connectors", "list", "--label", "team=sales"])).stdout).toMatch(/shop +postgres +active/)
    expect(json<{ total: number }>(await run(["connectors", "list", "--label", "team=none", "--json"])).total).toBe(0)
    const shown = await run(["connectors", "show", "shop"])
    expect(shown.stdout).toMatch(/password +set \(fingerprint /)
    expect(shown.stdout).not.toContain("hunter2")
  })

  test("catalog discovers the first time, and reports the streams that it could not read", async () => {
    const ran = await run(["connectors", "catalog", "shop"])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/public\.orders +table +4 +id/)
    expect(ran.stdout).toMatch(/Partial: 4 of 6[\s\S]*closed\.t: [\s\S]*public\.hidden: /)
    expect(ran.stdout).toContain('public."do.t\\"s"  ')
    expect(ran.stdout).toContain('\n    GRANT SELECT ON "public"."hidden" TO "reader";\n')
    const columns = await run(["connectors", "catalog", "shop", "--search", "orders", "--columns"])
    expect(columns.stdout).toMatch(/public\.orders +total +numeric\(38,10\)/)
    expect(columns.stdout).not.toContain("public.big")
    expect(json<{ complete: boolean }>(await run(["connectors", "catalog", "shop", "--refresh", "--json"])).complete).toBe(false)
  })

  test("query prints a table, JSON, CSV and NDJSON", async () => {
    const sql = 'select id, "the customer", total from orders where id >= $1 order by id'
    const table = await run(["connectors", "query", "shop", sql, "--param", "2"])
    expect(table.stdout).toBe("id  the customer         total\n 2  ∅             2.5000000000\n 3  Zoë 😀 3      3.5000000000\n")
    expect(table.stderr).toMatch(/^2 rows \(/)
    const rows = json<{ rows: unknown[] }>(await run(["connectors", "query", "shop", "-", "--param", "3", "--json"], { stdin: sql })).rows
    expect(rows).toEqual([{ id: 3, "the customer": "Zoë 😀 3", total: "3.5000000000" }])
    const csv = await run(["connectors", "query", "shop", sql, "--param", "3", "--csv"])
    expect(csv.stdout).toBe("id,the customer,total\r\n3,Zoë 😀 3,3.5000000000\r\n")
    const lines = await run(["connectors", "query", "shop", "select n from big", "--ndjson"])
    expect(lines.stdout.split("\n")).toHaveLength(20_001)
    expect(lines.code).toBe(0)
  })

  test("rows reads a table by its name or its path, page by page", async () => {
    for (const stream of ["public.orders", '["public","orders"]']) {
      const ran = await run(["connectors", "rows", "shop", stream, "--limit", "2", "--columns", "total,id", "--json"])
      const { nextCursor, ...page } = json<{ rowCount: number; truncated: boolean; nextCursor: string; rows: object[] }>(ran)
      expect(page).toMatchObject({ rowCount: 2, truncated: true, rows: [{ total: "1.5000000000", id: 1 }, { id: 2 }] })
      const rest = await run(["connectors", "rows", "shop", stream, "--columns", "id,the customer", "--cursor", nextCursor])
      expect(rest.stdout).toBe("id  the customer\n 3  Zoë 😀 3\n")
    }
    for (const stream of ['public."do.t\\"s"', 'public.do.t"s', '["public","do.t\\"s"]'])
      expect([stream, json<{ rowCount: number }>(await run(["connectors", "rows", "shop", stream, "--json"])).rowCount]).toEqual([stream, 1])
    const none = await run(["connectors", "rows", "shop", "public.nothing", "--json"])
    expect([none.code, problem(none).code]).toEqual([5, "stream_not_found"])
    const column = await run(["connectors", "rows", "shop", "public.orders", "--columns", "id,gone", "--json"])
    expect([column.code, problem(column).code]).toEqual([2, "request_invalid"])
  })

  test("rows streams a whole table, and a failed stream names the cursor to continue from", async () => {
    expect((await run(["connectors", "rows", "shop", "public.big", "--ndjson"])).stdout.split("\n")).toHaveLength(20_001)
    expect((await run(["connectors", "rows", "shop", "public.big", "--csv", "--limit", "7"])).stdout.split("\r\n")).toHaveLength(9)
    const broken = await run(["connectors", "rows", "shop", "public.breaks", "--ndjson"])
    expect(broken.code).toBe(1)
    const last = broken.stdout.trimEnd().split("\n").at(-1)
    const cursor = /continue with --cursor (\S+)\./.exec(broken.stderr)?.[1] ?? ""
    await database.query("drop policy fails on breaks; create policy passes on breaks using (true)")
    const rest = await run(["connectors", "rows", "shop", "public.breaks", "--ndjson", "--cursor", cursor])
    const id = (line = "{}"): number => (JSON.parse(line) as { id: number }).id
    expect(id(rest.stdout.split("\n")[0])).toBe(id(last) + 1)
    expect(id(rest.stdout.trimEnd().split("\n").at(-1))).toBe(20_000)
  })

  test("--timeout stops a statement, and an invalid value is rejected", async () => {
    const ran = await run(["connectors", "query", "shop", "select pg_sleep(50)", "--timeout", "0.5", "--json"])
    expect([ran.code, problem(ran).code]).toEqual([1, "timed_out"])
    expect((await run(["connectors", "query", "shop", "select 1", "--timeout", "301"])).code).toBe(2)
  })

  test("a reader that closes the pipe ends the command quietly", async () => {
    const ran = await run(["connectors", "query", "shop", "select repeat('x', 1000) from big", "--csv"], { closeAfter: 10_000 })
    expect([ran.code, ran.stderr]).toEqual([0, ""])
  })

  test.each([
    ["a write", "delete from orders"],
    ["a missing table", "select * from nothing_there"],
    ["a second statement", "select 1; select 2"],
  ])("query rejects %s with 1", async (_, sql) => {
    const ran = await run(["connectors", "query", "shop", sql, "--json"])
    expect([ran.code, problem(ran).code]).toEqual([1, "query_invalid"])
    expect(ran.stdout).toBe("")
  })

  test("a stream that fails before its first row fails the command", async () => {
    for (const format of ["--csv", "--ndjson"]) expect((await run(["connectors", "query", "shop", "select * from nothing_there", format])).code).toBe(1)
  })

  test("a stream that fails in the middle is never reported as complete", async () => {
    const sql = "select 1 / (15000 - n) as x from big"
    for (const format of ["--csv", "--ndjson"]) {
      const ran = await run(["connectors", "query", "shop", sql, format])
      expect([format, ran.code]).toEqual([format, 1])
      expect(ran.stderr).toMatch(/^error: /)
      expect(ran.stdout).not.toContain("$error")
    }
  })

  test("Ctrl-C in the middle of a query ends with 130", async () => {
    const ran = await run(["connectors", "query", "shop", "select a.n from big a, big b, big c", "--csv"], { signalAfter: { text: "n\r\n", signal: "SIGINT" } })
    expect(ran.code).toBe(130)
  })
})

describe("add", () => {
  test.each([
    ["a secret as an argument", ["--set", "password=hunter2"], "secret"],
    ["an unknown field", ["--set", "hots=hunter2"], "hots"],
    ["a wrong number", ["--set", "port=hunter2"], "twice"],
    ["a value with --secret", ["--secret", "password=hunter2"], "asks for its value"],
    ["a path that is not a secret", ["--secret", "host"], "not a secret"],
    ["a missing variable", ["--secret-env", "password=NOTHING_THERE"], "NOTHING_THERE"],
    ["a question for a secret without a terminal", ["--secret", "password"], "terminal"],
  ])("rejects %s with 2 and does not echo it", async (_, more, text) => {
    const ran = await run(shop("refused", ...more))
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain(text)
    expect(ran.stderr + ran.stdout).not.toContain("hunter2")
    expect((await run(["connectors", "show", "refused"])).code).toBe(5)
  })

  test("reports all faults that the hub finds, each with its place", async () => {
    const ran = await run(["connectors", "add", "--type", "postgres", "--name", "refused", "--set", "host=a/b", "--set", "port=0", "--json"])
    expect(ran.code).toBe(2)
    expect(
      problem(ran)
        .errors?.map(({ pointer }) => pointer.replace(/^\/config/, ""))
        .sort(),
    ).toEqual(["/host", "/port", "/user"])
  })

  test("--verify shows the stages; if the test fails, nothing is stored", async () => {
    const good = await run(shop("verified", "--secret-file", "password=-", "--verify"), { stdin: `${PASSWORD}\n` })
    expect(good.stdout).toMatch(/✓ probe[\s\S]*Added verified \(postgres\), active\./)
    const wrong = await run(shop("refused", "--secret-file", "password=-", "--verify"), { stdin: "hunter2-wrong" })
    expect([wrong.code, wrong.stdout.includes("✗ auth"), wrong.stderr.includes("Nothing was stored")]).toEqual([1, true, true])
    expect(wrong.stdout + wrong.stderr).not.toContain("hunter2")
    expect((await run(["connectors", "show", "refused"])).code).toBe(5)
  })

  test("--draft stores an incomplete connector and lists the missing fields", async () => {
    const ran = await run(["connectors", "add", "--type", "postgres", "--name", "later", "--set", "host=db.example.com", "--draft", "--json"])
    expect(json<Connector>(ran)).toMatchObject({ status: "incomplete", missing: [{ pointer: "/user" }] })
    const tested = await run(["connectors", "test", "later", "--json"])
    expect([tested.code, problem(tested).code]).toEqual([1, "connector_incomplete"])
  })

  test("--config reads a file, and options override it", async () => {
    const path = join(folder.path, "config.json")
    await writeFile(path, JSON.stringify({ host: "old.example.com", user: "reader", port: 1, password: PASSWORD, tls: { kind: "off" } }))
    const ran = await run([
      "connectors",
      "add",
      "--type",
      "postgres",
      "--name",
      "filed",
      "--config",
      path,
      "--set",
      `host=${database.host}`,
      "--set",
      `port=${database.port}`,
      "--json",
    ])
    expect(json<Connector>(ran).config).toMatchObject({ host: database.host, port: database.port, user: "reader", password: { set: true } })
    await writeFile(path, '{"password": "hunter2", oops}')
    const wrong = await run(["connectors", "add", "--type", "postgres", "--name", "filed2", "--config", path])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).not.toContain("hunter2")
  })

  test("a name that is already taken is 1", async () => {
    expect((await run(shop("shop"))).code).toBe(1)
  })
})

test("an HTTP API with lists, a secret header and a login by --secret-env passes its test", async () => {
  const seen: string[] = []
  await using api = await listenHttp((request, response) => {
    seen.push(`${request.headers["x-tenant"]} ${request.headers.authorization}`)
    response.writeHead(request.headers.authorization === "Bearer api-hunter2" ? 200 : 401, { "content-type": "application/json" }).end("{}")
  })
  expect((await run(["egress", "allow", `127.0.0.1/32:${api.port}`])).code).toBe(0)
  const fields = ["--set", `url=${api.url}/v1`, "--set", "headers.0.name=X-Tenant", "--secret-env", "headers.0.value=TENANT"]
  const add = (name: string, token: string) =>
    run(["connectors", "add", "--type", "http", "--name", name, ...fields, "--secret-env", "auth.token=TOKEN", "--verify"], {
      env: { TENANT: "acme-hunter2", TOKEN: token },
    })
  const good = await add("api", "api-hunter2")
  expect([good.code, good.stderr]).toEqual([0, ""])
  expect(seen).toContain("acme-hunter2 Bearer api-hunter2")
  const wrong = await add("api-wrong", "other-hunter2")
  expect([wrong.code, wrong.stdout.includes("auth_failed")]).toEqual([1, true])
  expect(good.stdout + wrong.stdout + wrong.stderr + (await run(["connectors", "show", "api", "--json"])).stdout).not.toContain("hunter2")
})

describe("remove", () => {
  test("needs a confirmation, removes the connector, and then does not find it", async () => {
    expect((await run(["connectors", "remove", "later"])).code).toBe(2)
    expect((await run(["connectors", "show", "later"])).code).toBe(0)
    expect((await run(["connectors", "remove", "later", "--yes"])).stdout).toBe("Removed later.\n")
    const gone = await run(["connectors", "remove", "later", "--yes", "--json"])
    expect([gone.code, problem(gone).code]).toEqual([5, "not_found"])
  })
})

describe("keys, egress and users", () => {
  test("a new key is the only line on stdout, works as its role allows, and ends when it is revoked", async () => {
    const made = await run(["keys", "create", "--name", "ci", "--role", "viewer", "--expires", "1d"])
    const key = made.stdout.trim()
    const env = { JACKFIELD_URL: hub.url, JACKFIELD_KEY: key }
    expect((await jackfield(["connectors", "list"], { env })).code).toBe(0)
    const refused = await jackfield(["connectors", "remove", "shop", "--yes", "--json"], { env })
    expect([refused.code, problem(refused).code]).toEqual([4, "forbidden"])
    expect((await jackfield(["egress", "list"], { env })).code).toBe(4)
    const listed = await run(["keys", "list"])
    expect(listed.stdout).toMatch(/ci +\S+… +viewer/)
    expect(listed.stdout).not.toContain(key)
    expect((await run(["keys", "revoke", "ci", "--yes"])).code).toBe(0)
    const dead = await jackfield(["connectors", "list", "--json"], { env })
    expect([dead.code, problem(dead).code]).toEqual([4, "unauthenticated"])
    expect(dead.stderr).not.toContain(key)
    expect((await run(["keys", "revoke", "ci"])).code).toBe(5)
  })

  test("egress deny takes effect immediately", async () => {
    const rule = `127.0.0.1/32:${database.port}`
    expect((await run(["egress", "deny", rule])).code).toBe(0)
    expect((await run(["connectors", "test", "shop", "--json"])).code).toBe(1)
    expect((await run(["egress", "deny", rule])).code).toBe(5)
    expect((await run(["egress", "allow", "10.0.0.0/99"])).code).toBe(2)
  })

  test("users reset-password sets a password that works, generated or given", async () => {
    const { data } = json<{ data: { email: string }[] }>(await run(["users", "list", "--json"]))
    const email = data[0]?.email ?? ""
    const login = async (password: string) => (await hub.call("POST", "/v1/sessions", { email, password }, { key: null })).status
    const made = await run(["users", "reset-password", email])
    expect(await login(made.stdout.trim())).toBe(201)
    const given = await run(["users", "reset-password", email, "--password-env", "NEW"], { env: { NEW: "a-long-enough-hunter2" } })
    expect([given.code, given.stdout]).toEqual([0, ""])
    expect(given.stderr).not.toContain("hunter2")
    expect(await login("a-long-enough-hunter2")).toBe(201)
    expect((await run(["users", "reset-password", "nobody@example.com"])).code).toBe(5)
  })
})
