import assert from "node:assert/strict"
import { inspect } from "node:util"
import { registry } from "../../../src/connectors/index.ts"
import { parseConfig } from "../../../src/core/config.ts"
import { type AnyConnector, capabilities, VERBS } from "../../../src/core/connector.ts"
import type { Field, Fields } from "../../../src/core/fields.ts"
import type { Lease } from "../../../src/core/lease.ts"
import { describeFields, jsonSchema } from "../../../src/core/schema.ts"
import { formsOf } from "../../../src/core/secret-forms.ts"
import { open, type Session } from "../../../src/core/session.ts"
import { collect } from "../../support/batches.ts"
import { failure } from "../../support/failure.ts"
import { testLease } from "../../support/lease.ts"
import { within } from "../../support/waiting.ts"
import { opened, type Subject, withSession } from "../context.ts"

const every = (fields: Fields): Field[] =>
  Object.values(fields).flatMap((field) => [field, ...every(field.fields ?? {}), ...Object.values(field.variants ?? {}).flatMap((each) => every(each.fields))])

/** Form, parser and schema are whole: titles everywhere, the right config has no fault, an empty one names what is missing. */
export async function formComplete({ connector, server }: Subject): Promise<void> {
  const { type, title, summary, fields } = connector
  assert.match(type, /^[a-z][a-z0-9_]*$/)
  assert.ok(title.length > 0 && summary.endsWith("."), "a title, and a summary in sentences")
  for (const field of every(fields)) assert.ok(field.title.trim().length > 0, "every field has a title")
  assert.deepEqual(structuredClone(describeFields(fields)), describeFields(fields), "the form is plain data")
  assert.deepEqual(Object.keys(jsonSchema(fields)["properties"] as object), Object.keys(fields))
  const { faults, missing, secrets, plain } = parseConfig(fields, server.config)
  assert.deepEqual([...faults, ...missing], [])
  assert.ok(secrets.size > 0, "the secret is taken out of the config")
  for (const secret of server.secrets) assert.ok(!JSON.stringify(plain).includes(JSON.stringify(secret).slice(1, -1)), "what is stored plainly holds no secret")
  const required = Object.keys(fields).filter((name) => fields[name]?.required)
  assert.deepEqual(
    parseConfig(fields, {}).missing.map(({ pointer }) => pointer),
    required.map((name) => `/${name}`),
  )
  assert.equal(parseConfig(fields, { no_such_field: 1 }).faults[0]?.pointer, "/no_such_field")
}

/** Everything that leaves: report, errors with their causes, log lines, JSON, inspected objects. */
export async function noSecretLeaves(subject: Subject): Promise<void> {
  const { connector, server } = subject
  const seen: unknown[] = []
  const log = (message: string, facts?: object): void => void seen.push(message, facts)
  const client: unknown[] = []
  const spied: AnyConnector = {
    ...connector,
    connect: async (config: never, lease: Lease) => {
      client.push(await connector.connect(config, lease))
      return client[0]
    },
  }
  await withSession(
    { connector: spied },
    server.config,
    async (session, lease) => {
      seen.push(await session.test(), lease.trace.stages, inspect(session, { depth: 8 }), inspect(client[0], { depth: 4 }), session)
      seen.push(await failure(server.provoke(session)))
    },
    { log },
  )
  const config = opened(connector, server.config)
  seen.push(config, inspect(config, { depth: 8, showHidden: true }), JSON.stringify(config))
  for (const posted of [server.wrongSecret, server.wrongName]) {
    seen.push(await failure(withSession(subject, posted, (session, lease) => session.test().finally(() => seen.push(lease.trace.stages)), { log })))
  }
  const text = seen.map(everything).join("\n")
  for (const secret of server.secrets)
    for (const form of [...formsOf(secret), inspect(secret).slice(1, -1)])
      assert.ok(!text.includes(form), `a secret left as ${form.slice(0, 3)}… (${form.length} characters)`)
}

function everything(value: unknown): string {
  const own = value instanceof Error ? [value.message, value.stack, JSON.stringify({ ...value }), everything(value.cause)] : [JSON.stringify(value)]
  return [...own, typeof value === "string" ? value : inspect(value, { depth: 12, showHidden: value instanceof Error })].join("\n")
}

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Pipe|UDP/.test(name)).length

/** Closing twice is closing once; afterwards neither we nor the server hold anything. */
export async function closesClean({ connector, server }: Subject): Promise<void> {
  await within(2_000, async () => (await server.connections()) === 0, "no connection left of earlier claims")
  const before = sockets()
  const lease = testLease()
  const session = await open(connector, opened(connector, server.config), lease)
  await session.test()
  assert.ok((await server.connections()) > 0, "the server sees the connection")
  await session.close()
  await session.close()
  await lease.close()
  await lease.close()
  await within(2_000, async () => (await server.connections()) === 0, "the server has no connection of ours")
  await within(2_000, async () => sockets() <= before, "no socket is left in this process")
}

/** The verbs are those that the fixture names; each other one says that the type cannot do that. */
export async function absentVerbs({ connector, server }: Subject): Promise<void> {
  assert.deepEqual(capabilities(connector).toSorted(), [...server.verbs].sort())
  assert.ok(registry.find(connector.type), "the registry has it")
  const stream = { path: [], kind: "table" as const, columns: [], key: [] }
  const offer = { format: "csv" as const, shape: "" }
  const calls: Record<(typeof VERBS)[number], (session: Session) => Promise<unknown>> = {
    discover: (session) => collect(session.discover()),
    query: (session) => collect(session.query("x")),
    dryRun: (session) => session.dryRun("x"),
    read: (session) => collect(session.read(stream)),
    slices: (session) => session.slices(stream, { kind: "all" }, 2),
    readBytes: (session) => collect(session.readBytes(stream, offer)),
    write: (session) => session.write(stream, { columns: [], rows: [] }, { mode: "append" }),
    writeBytes: (session) => session.writeBytes(stream, { bytes: nothing(), rows: () => 0 }, offer, { mode: "append" }),
    shape: (session) => session.shape({ path: [], columns: [], key: [] }, false),
    request: (session) => session.request({}),
  }
  await withSession({ connector }, server.config, async (session) => {
    for (const verb of VERBS.filter((each) => !server.verbs.includes(each))) assert.equal((await failure(calls[verb](session))).code, "unsupported")
  })
}

async function* nothing(): AsyncGenerator<Buffer> {}
