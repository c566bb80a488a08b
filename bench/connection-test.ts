import pg from "pg"
import { postgres } from "../src/connectors/postgres.ts"
import { openConfig, parseConfig } from "../src/core/config.ts"
import { probe } from "../src/hub/probes/probe.ts"
import { Door } from "../src/net/door.ts"
import { Policy } from "../src/net/policy.ts"
import { parseEgressRules } from "../src/net/rules.ts"
import { interleaved, type Line, median, ms, timed } from "./measure.ts"
import type { World } from "./world.ts"

const EACH = 40
const ROUNDS = 5

/**
 * The test of a PostgreSQL on loopback against `pg` that connects, selects 1 and closes: the test alone (policy,
 * lease, stages, facts), and the whole request to a hub.
 */
export async function connectionTest({ target, config, call }: World): Promise<Line[]> {
  const door = new Door({ policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8") }) })
  const parsed = parseConfig(postgres.fields, config)
  const secrets = new Map([...parsed.secrets].map(([pointer, change]) => [pointer, change === "keep" ? "" : change.value]))
  const typed = openConfig(postgres.fields, parsed.plain, secrets)
  const plain = typicalOf(async () => {
    const client = new pg.Client({ host: target.host, port: target.port, database: target.database, user: target.user, password: target.password })
    await client.connect()
    await client.query("select 1")
    await client.end()
  })
  const itself = typicalOf(async () => {
    const { operator: report } = await probe(door, postgres, typed, { operator: true, deadlineMs: 10_000 })
    if (!report.ok) throw new Error(JSON.stringify(report))
  })
  await call("POST", "/v1/connectors", { name: "tested", type: "postgres", config })
  const request = typicalOf(async () => {
    const report = await call("POST", "/v1/connectors/tested/test")
    if (report.ok !== true) throw new Error(JSON.stringify(report))
  })
  const one = await interleaved(ROUNDS, itself, plain)
  const whole = await interleaved(ROUNDS, request, plain)
  const against = (theirs: number): string => `${ms(theirs)}, \`pg\` connect + select 1 + close`
  return [
    {
      what: "test of a PostgreSQL on loopback",
      ours: ms(one.ours),
      against: against(one.theirs),
      ratio: one.ratio.toFixed(2),
      target: "≤ 1.5",
      met: one.ratio <= 1.5,
    },
    { what: "the same through the API, its report stored", ours: ms(whole.ours), against: against(whole.theirs), ratio: whole.ratio.toFixed(2) },
  ]
}

/** The median of several runs, one after another. */
const typicalOf = (work: () => Promise<void>) => async (): Promise<number> => {
  const times: number[] = []
  for (let n = 0; n < EACH; n++) times.push(await timed(work))
  return median(times)
}
