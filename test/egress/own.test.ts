import { describe, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import { targetFields } from "../../src/core/config.ts"
import { PlatformError } from "../../src/core/errors.ts"
import { open } from "../../src/core/session.ts"
import { collapseStages } from "../../src/core/trace.ts"
import { Door, type LeaseOptions, type OpenLease } from "../../src/net/door.ts"
import { clearDriverEnvironment } from "../../src/net/environment.ts"
import { type OwnPort, Policy } from "../../src/net/policy.ts"
import { parseHosts, Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { closedPort, listenHttp, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { attempt, configWith, parsed } from "./configs.ts"
import { watchSockets } from "./watch.ts"

const victim = use(() => listenRaw())

const fields = connectors.flatMap((connector) =>
  targetFields(connector.fields).map(({ path, format }) => ({ connector, path, format, name: [connector.type, ...path].join(".") })),
)
const config = ({ connector, path, format }: (typeof fields)[number], host: string, port: number): unknown =>
  configWith(connector.fields, { path, value: format === "host" ? host : `http://${host}:${port}/`, port })

function lease(allow: string, protect: readonly OwnPort[] = [], options: Partial<LeaseOptions> = {}): OpenLease {
  const policy = new Policy({ fixed: parseEgressRules(allow), protect: () => protect })
  const resolver = new Resolver({ hosts: parseHosts("hub.test=127.0.0.1") })
  return new Door({ policy, resolver }).lease({ deadlineMs: 10_000, operator: true, ...options })
}

describe("the hub's own listener and database", () => {
  for (const field of fields)
    for (const own of ["127.0.0.1", "0.0.0.0", "::"])
      test(`are not reached by ${field.name} if they listen on ${own}, whatever the rules allow`, async () => {
        for (const host of ["127.0.0.1", "localhost", "127.0.0.2", "hub.test", "2130706433"]) {
          await using lent = lease("0.0.0.0/0,::/0", [{ address: own, port: victim.port }])
          expect(await attempt(field.connector, config(field, host, victim.port), lent)).toMatchObject({ by: "dial", code: "egress_denied" })
          expect(lent.sockets).toEqual([])
        }
        expect(victim.hits).toBe(0)
      })
})

describe("users who are not operators cannot tell a denied from a closed destination", () => {
  for (const field of fields)
    test(field.name, async () => {
      const port = await closedPort()
      const hosts = { closed: "127.0.0.1", denied: "127.0.0.2", private: "10.0.0.1", metadata: "169.254.169.254", unknown: "single" }
      const told = await Promise.all(
        Object.values(hosts).map(async (host) => {
          await using lent = lease("127.0.0.1/32", [], { operator: false })
          const begun = performance.now()
          const error = await failure(field, host, port, lent)
          const tookMs = performance.now() - begun
          const stages = collapseStages(lent.trace.stages)
          const connectMs = stages.find((stage) => stage.name === "connect")?.durationMs ?? 0
          const shown = JSON.stringify({ ...error, stages: stages.map(({ durationMs: _, ...rest }) => rest) }).replaceAll(host, "HOST")
          return { shown, floor: tookMs > 395 && connectMs > 395 }
        }),
      )
      expect(new Set(told.map(({ shown }) => shown)).size, told.map(({ shown }) => shown).join("\n")).toBe(1)
      expect(told[0]?.shown).toContain("host_unreachable")
      expect(told.map(({ floor }) => floor)).toEqual(told.map(() => true))
    })

  test("but an operator can, and learns how to allow it", async () => {
    for (const field of fields) {
      await using lent = lease("127.0.0.1/32")
      const error = await failure(field, "127.0.0.2", 5_999, lent)
      expect(error).toMatchObject({ code: "egress_denied", details: { allowWith: "127.0.0.2/32:5999" } })
    }
  })
})

async function failure(field: (typeof fields)[number], host: string, port: number, lent: OpenLease) {
  try {
    await using session = await open(field.connector, parsed(field.connector, config(field, host, port)) ?? {}, lent)
    await session.test()
  } catch (error) {
    if (error instanceof PlatformError) return { code: error.code, message: error.message, details: error.details, faults: error.faults }
    throw error
  }
  throw new Error("The test was to fail.")
}

describe("the environment", () => {
  const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "npm_config_https_proxy"]
  const others = ["PGHOST", "PGPASSWORD", "PGSSLMODE", "AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_SECRET", "NODE_USE_ENV_PROXY"]

  test("cannot redirect traffic to a proxy or a server", async () => {
    await using server = await listenHttp((_, response) => response.end("{}"))
    const lying = { ...Object.fromEntries(proxies.map((name) => [name, `http://127.0.0.1:${victim.port}`])), NODE_USE_ENV_PROXY: "1" }
    const before = { ...process.env }
    Object.assign(process.env, lying, { PGHOST: "127.0.0.1", PGPORT: String(victim.port), PGHOSTADDR: "127.0.0.1", PGSERVICE: "x" })
    try {
      using watch = watchSockets()
      for (const field of fields) {
        await using lent = lease(`127.0.0.1:${server.port}`)
        await failure(field, "127.0.0.1", server.port, lent).catch(() => undefined)
      }
      expect(new Set(watch.byDoor)).toEqual(new Set([`127.0.0.1:${server.port}`]))
      expect([watch.past, victim.hits]).toEqual([[], 0])
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })

  test("loses exactly the variables that drivers and proxy libraries read", () => {
    const kept = { PATH: "/bin", HOME: "/root", JACKFIELD_DNS: "x", DATABASE_URL: "y", NODE_EXTRA_CA_CERTS: "z", PORT: "1", TZ: "UTC", LANG: "C" }
    const names = [
      ...proxies,
      ...others,
      "NODE_TLS_REJECT_UNAUTHORIZED",
      "SSH_AUTH_SOCK",
      "MSI_ENDPOINT",
      "IDENTITY_ENDPOINT",
      "NO_PROXY",
      "MYSQL_PWD",
      "SNOWFLAKE_HOME",
    ]
    const env = { ...kept, ...Object.fromEntries(names.map((name) => [name, "set"])) }
    expect(clearDriverEnvironment(env)).toEqual([...names].sort())
    expect(env).toEqual(kept)
  })
})
