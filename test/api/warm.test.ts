import { beforeEach, describe, expect, it } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import { type Connection, type Known, WarmSessions } from "../../src/hub/connectors/warm-sessions.ts"
import { Door } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { until, within } from "../support/waiting.ts"

/** A real PostgreSQL; connections to it stay open between the uses of a connector. */
const database = use(() => startTestDatabase())
const hub = use(() => startHub())

const OURS = "application_name = 'jackfield'"
const pids = async (more = ""): Promise<number[]> =>
  (await database.query(`select pid from pg_stat_activity where ${OURS} and backend_type = 'client backend' ${more} order by pid`)).map(({ pid }) =>
    Number(pid),
  )
const query = (name: string, statement: string): Promise<Answer> => hub.call("POST", `/v1/connectors/${name}/query`, { statement })
const rows = async (name: string, statement: string): Promise<unknown[]> => {
  const { status, body, text } = await query(name, statement)
  expect(status, text).toBe(200)
  return body.rows as unknown[]
}
const pidOf = async (name: string): Promise<number> => ((await rows(name, "select pg_backend_pid() as pid")) as { pid: number }[])[0]?.pid ?? 0
const idle = (): number => hub.served.hub.warm.size

let count = 0
let name = ""
beforeEach(async () => {
  name = `warm-${++count}`
  await allow()
  expect((await hub.call("POST", "/v1/connectors", { name, type: "postgres", config: database.config })).status).toBe(201)
  return async () => {
    await hub.call("DELETE", `/v1/connectors/${name}`)
    await within(5_000, async () => (await pids()).length === 0, "the connections of the removed connector are closed")
  }
})

const allow = async (): Promise<string> => (await hub.call("POST", "/v1/egress", { rule: `127.0.0.1/32:${database.port}` })).body.id as string

describe("a connection", () => {
  it("is reused by the next use, and by a discovery and a preview", async () => {
    const first = await pidOf(name)
    expect(await pidOf(name)).toBe(first)
    expect((await hub.call("POST", `/v1/connectors/${name}/discover`)).status).toBe(200)
    expect(await pidOf(name)).toBe(first)
    expect(await pids()).toEqual([first])
  })

  it("keeps no state from one use to the next", async () => {
    const first = await pidOf(name)
    await database.query(
      "drop role if exists other; create role other; create or replace function tempting() returns int language plpgsql as $$ begin return 1; end $$",
    )
    for (const statement of [
      "select set_config('my.secret', 'left behind', false)",
      "select set_config('search_path', 'elsewhere', false), set_config('statement_timeout', '1', false)",
      "select set_config('role', 'other', false)",
      "select pg_advisory_lock(7), pg_advisory_lock_shared(8)",
    ])
      await rows(name, statement)
    expect(await pidOf(name)).toBe(first)
    expect(
      await rows(
        name,
        `select current_user as who, current_setting('my.secret', true) as secret, current_setting('search_path') as path,
          (select count(*)::int from pg_locks where locktype = 'advisory') as locks, (select count(*)::int from pg_prepared_statements) as prepared,
          (select count(*)::int from pg_class where relpersistence = 't') as temporary, (select count(*)::int from pg_cursors where not is_holdable and name = 'left') as cursors`,
      ),
    ).toEqual([
      {
        who: database.user,
        secret: expect.toSatisfy((value) => value === null || value === ""),
        path: '"$user", public',
        locks: 0,
        prepared: 0,
        temporary: 0,
        cursors: 0,
      },
    ])
  })

  it("is closed after a use that failed, was stopped, or whose caller disconnected", async () => {
    await pidOf(name)
    const failed = await query(name, "select 1 / (2 - x) from generate_series(1, 3) x")
    expect([failed.status, failed.body.code]).toEqual([422, "query_invalid"])
    const cut = await hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select pg_sleep(30)", timeoutMs: 200 })
    expect(cut.body.code).toBe("timed_out")
    const caller = new AbortController()
    const gone = hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select pg_sleep(30)" }, { signal: caller.signal }).catch(() => "gone")
    await within(5_000, async () => (await pids("and query like '%pg_sleep%' and state = 'active'")).length === 1, "the statement runs")
    caller.abort()
    expect(await gone).toBe("gone")
    await within(5_000, async () => (await pids()).length === 0, "all connections are closed")
    expect(await rows(name, "select 1 as one")).toEqual([{ one: 1 }])
  })

  it("is not kept if its reset fails or hangs", async () => {
    const { warm } = hub.served.hub
    const first = await pidOf(name)
    await within(5_000, () => idle() === 1, "it is kept")
    const known = await knownOf(name)
    const kept = await warm.take(known)
    if (kept === undefined) throw new Error("no connection is kept")
    const hung = { ...kept, session: { ...kept.session, reset: () => new Promise<void>(() => undefined) } }
    warm.give(known, hung)
    // The next use waits for the reset for at most two seconds, and then opens a new connection.
    expect(await pidOf(name)).not.toBe(first)
    await within(5_000, async () => !(await pids()).includes(first), "the connection that hung is closed")
  })

  it("that the server closed while it was idle is replaced without an error", async () => {
    const first = await pidOf(name)
    await within(5_000, () => idle() === 1, "it is kept")
    await database.query("select pg_terminate_backend($1)", [first])
    const second = await pidOf(name)
    expect(second).not.toBe(first)
  })

  it("that the server closes at the moment of its use is replaced if the use only reads", async () => {
    const first = await pidOf(name)
    // The use takes the connection before it learns that the connection is closed.
    const { warm } = hub.served.hub
    const known = await knownOf(name)
    const kept = await warm.take(known)
    if (kept === undefined) throw new Error("no connection is kept")
    await database.query("select pg_terminate_backend($1)", [first])
    Object.defineProperty(kept.lease, "connected", { get: () => 1, configurable: true })
    await within(5_000, async () => (await pids()).length === 0, "the server has closed it")
    warm.give(known, { ...kept, session: Object.assign(kept.session, { reset: async () => undefined }) })
    expect(await pidOf(name)).not.toBe(first)
  })
})

const knownOf = async (of: string): Promise<Known> => {
  const { body } = await hub.call("GET", `/v1/connectors/${of}`)
  const known = hub.served.hub.warm.known(body.id, body.version)
  if (known === undefined) throw new Error("no connection is kept")
  return known
}

describe("a connection is closed immediately", () => {
  const changes: Readonly<Record<string, () => Promise<Answer>>> = {
    "when the connector's password changes": () => hub.call("PATCH", `/v1/connectors/${name}`, { config: { ...database.config } }),
    "when the connector is disabled": () => hub.call("PATCH", `/v1/connectors/${name}`, { enabled: false }),
    "when the connector is renamed": () => hub.call("PATCH", `/v1/connectors/${name}`, { title: "Another" }),
  }
  it.each(Object.keys(changes))("%s", async (what) => {
    const first = await pidOf(name)
    await within(5_000, () => idle() === 1, "it is kept")
    expect((await changes[what]?.())?.status).toBe(200)
    await within(2_000, async () => !(await pids()).includes(first), "it is closed")
  })

  it("when a version is restored, and the next use logs in with that version's secrets", async () => {
    await hub.call("PATCH", `/v1/connectors/${name}`, { config: { ...database.config, database: "template1" } })
    expect(await rows(name, "select current_database() as at")).toEqual([{ at: "template1" }])
    await within(5_000, () => idle() === 1, "it is kept")
    expect((await hub.call("POST", `/v1/connectors/${name}/versions/1/restore`)).status).toBe(200)
    expect(idle()).toBe(0)
    expect(await rows(name, "select current_database() as at")).toEqual([{ at: "postgres" }])
  })

  it("when an egress rule denies it, idle or in use", async () => {
    await pidOf(name)
    const running = query(name, "select pg_sleep(30)")
    await within(5_000, async () => (await pids("and query like '%pg_sleep%' and state = 'active'")).length === 1, "the statement runs")
    const { body } = await hub.call("GET", "/v1/egress")
    for (const rule of body.data) if (rule.source === "store") await hub.call("DELETE", `/v1/egress/${rule.id}`)
    const { status, body: problem } = await running
    expect([status >= 400, problem.code]).toEqual([true, "egress_denied"])
    await within(3_000, async () => (await pids()).length === 0, "nothing is open to it")
    expect((await query(name, "select 1")).body.code).toBe("egress_denied")
    await allow()
    expect((await query(name, "select 1 as one")).status).toBe(200)
  })
})

it("a revoked password is noticed by the next login, and a warm connection does not bypass a stop", async () => {
  await database.query("drop role if exists reader; create role reader login password 'first-password-of-it'")
  const config = { ...database.config, user: "reader", password: "first-password-of-it" }
  expect((await hub.call("PATCH", `/v1/connectors/${name}`, { config })).status).toBe(200)
  await pidOf(name)
  await within(5_000, () => idle() === 1, "it is kept")
  await database.query("alter role reader password 'another-password-of-it'")
  // Of two concurrent queries, one uses the warm connection, and the other logs in and is refused.
  const answers = await Promise.all([query(name, "select pg_sleep(0.3)"), query(name, "select pg_sleep(0.3)")])
  expect(answers.map(({ body }) => body.code ?? "rows").toSorted()).toContain("auth_failed")
  await within(5_000, async () => (await pids()).length === 0, "the stop closes idle connections")
  expect((await query(name, "select 1")).body.code).toBe("credentials_refused")
})

it("eight concurrent users have one connection each, of which four are kept", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => rows(name, "select pg_backend_pid() as pid, pg_sleep(0.5)")))
  expect(new Set(answers.flat().map((row) => (row as { pid: number }).pid)).size).toBe(8)
  expect(
    await until(
      5_000,
      async () => (await pids()).length,
      (open) => open === 4,
    ),
  ).toBe(4)
  const again = await Promise.all(Array.from({ length: 8 }, () => rows(name, "select pg_backend_pid() as pid, pg_sleep(0.3)")))
  expect(new Set(again.flat().map((row) => (row as { pid: number }).pid)).size).toBe(8)
})

it("operators and other users do not share connections, because their errors have different details", async () => {
  const { key } = await hub.workspace(`of-${name}`)
  const made = await hub.call("POST", "/v1/connectors", { name, type: "postgres", config: database.config }, { key })
  expect(made.status).toBe(201)
  const other = await hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select pg_backend_pid() as pid" }, { key })
  expect(other.body.rows[0].pid).not.toBe(await pidOf(name))
  await hub.call("DELETE", `/v1/connectors/${name}`, undefined, { key })
})

describe("the limits on kept connections", () => {
  const connection = (): Connection & { closed: boolean } => {
    const lease = new Door({ policy: new Policy() }).lease({ operator: true })
    Object.defineProperty(lease, "connected", { get: () => 1 })
    const made = { lease, closed: false, session: {} as Connection["session"] }
    const close = async (): Promise<void> => {
      made.closed = true
    }
    Object.assign(made.session, { resets: true, reset: async () => undefined, close })
    return made
  }
  const owner = (id: string): Known => ({ id, version: 1, readAt: performance.now(), operator: true, connector: postgres, config: {}, secret: false })

  it("apply to a connector, to the node, and to the time that a connection is idle", async () => {
    const pool = new WarmSessions({ mostPerConnector: 2, mostPerNode: 3, idleMs: 100 })
    const [first, second, third, fourth] = [connection(), connection(), connection(), connection()]
    for (const each of [first, second, third]) pool.give(owner("a"), each)
    expect(pool.size).toBe(2)
    await within(2_000, () => first.closed, "the connector's oldest connection is closed")
    pool.give(owner("b"), fourth)
    pool.give(owner("c"), connection())
    expect(pool.size).toBe(3)
    await within(2_000, () => second.closed, "the node's oldest connection is closed")
    expect(third.closed).toBe(false)
    await within(2_000, () => pool.size === 0 && third.closed && fourth.closed, "idle connections are closed in time")
    await pool.close()
  })

  it("end with the pool: a connection that is returned later is closed", async () => {
    const pool = new WarmSessions({})
    await pool.close()
    const late = connection()
    pool.give(owner("a"), late)
    await within(2_000, () => late.closed, "it is closed")
    expect(pool.size).toBe(0)
  })
})
