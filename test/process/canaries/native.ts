import type { AnyConnector } from "../../../src/core/connector.ts"
import type { HubProcess } from "../../support/hub-process.ts"
import type { Ledger } from "./ledger.ts"
import { type Aim, configAt, type Place, secretPlaces, takes, worded } from "./places.ts"
import type { Canary } from "./values.ts"

/** Sends one canary, at one place of one type, through a hub. */
export interface Passage {
  readonly hub: HubProcess
  readonly ledger: Ledger
  readonly connector: AnyConnector
  readonly canary: Canary
  readonly place: Place
  readonly name: string
  readonly aim: Aim
  /** The key of an editor or an admin. */
  readonly key: string
}

/** A place of the type that accepts the value; the places are used in turn, so that each canary gets another one. */
export function placeFor(connector: AnyConnector, canary: Canary, turn: number): Place | undefined {
  const places = secretPlaces(connector.fields).filter(({ field }) => takes(field, worded(field, canary.value)))
  return places[turn % places.length]
}

const json = { "content-type": "application/json" }

/** Sends the canary through everything that can happen to a connector's secret: it is stored, shown, used, rejected, versioned and staged. */
export async function pass(passage: Passage): Promise<void> {
  await refuse(passage)
  await store(passage)
  await use(passage)
  await turnSlots(passage)
  await keepVersions(passage)
}

function configOf({ connector, place, canary, aim }: Passage, value: unknown = canary.value): Record<string, unknown> {
  const config = configAt(connector.fields, place.path, value, aim)
  // A body needs a method that allows one.
  return (connector.contradictions?.(config) ?? []).length > 0 ? { ...config, method: "POST" } : config
}

/** Invalid requests with the secret in them, whose messages might quote it. */
async function refuse(passage: Passage): Promise<void> {
  const { hub, ledger, connector, canary, name } = passage
  const { type } = connector
  const { value } = canary
  const config = configOf(passage)
  const create = (action: string, body: unknown) => ledger.call(action, hub, "POST", "/v1/connectors", body)
  await create("a wrapped secret", { name, type, config: configOf(passage, { value }) })
  await create("a secret in a list", { name, type, config: configOf(passage, [value]) })
  await create("a secret in wrong fields", { name, type, config: { ...Object.fromEntries(Object.keys(connector.fields).map((each) => [each, value])) } })
  await create("an unknown field", { name, type, config: { ...config, no_such_field: value, nested: { deep: [value] } } })
  await create("an unknown member", { name, type, config, password: value, secret: { value } })
  await create("config as text", { name, type, config: value })
  await create("a wrong request", { name: `${name} /`, type, labels: { a: 7 }, limits: { requests: value }, config: { ...config, port: value } })
  await ledger.call("an unsaved test of wrong types", hub, "POST", "/v1/connectors/test", { type, config: { ...config, port: value, tls: value, auth: value } })
  for (const broken of [`{"config":{"password":${JSON.stringify(value)}`, `{"password":"${value}`, `${JSON.stringify({ config })}${value}`, value])
    await raw(passage, "malformed JSON", "POST", "/v1/connectors", broken, json)
  await raw(passage, "another content type", "POST", "/v1/connectors", value, { "content-type": "text/plain" })
  await raw(passage, "a form", "POST", "/v1/connectors", new URLSearchParams({ password: value }).toString(), {
    "content-type": "application/x-www-form-urlencoded",
  })
  const query = new URLSearchParams({ password: value.toWellFormed(), limit: value.toWellFormed() })
  await ledger.call("a query string", hub, "GET", `/v1/connectors?${query.toString().slice(0, 6_000)}`)
}

/** Sends a raw body. */
async function raw({ hub, ledger, key }: Passage, action: string, method: string, path: string, body: string, headers: Record<string, string>): Promise<void> {
  const response = await fetch((await hub.ready) + path, { method, body, headers: { authorization: `Bearer ${key}`, connection: "close", ...headers } })
  ledger.answered(action, { status: response.status, headers: response.headers, text: await response.text(), body: undefined })
}

async function store(passage: Passage): Promise<void> {
  const { hub, ledger, connector, name } = passage
  const body = { name, title: `Wellensittich ${name}`, type: connector.type, config: configOf(passage) }
  const [created] = await Promise.all([ledger.call("create", hub, "POST", "/v1/connectors", body, { headers: { "idempotency-key": name } })])
  if (created.status !== 201) throw new Error(`${name} was not stored: ${created.text}`)
  await ledger.call("create again by its key", hub, "POST", "/v1/connectors", body, { headers: { "idempotency-key": name } })
  await ledger.call("create a name that is taken", hub, "POST", "/v1/connectors", body)
  await ledger.call("create, verified", hub, "POST", "/v1/connectors", { ...body, name: `${name}-verified`, verify: true })
  await ledger.call("create a draft", hub, "POST", "/v1/connectors", { ...body, name: `${name}-draft`, draft: true, config: partly(passage) })
  await ledger.call("change", hub, "PATCH", `/v1/connectors/${name}`, { config: configOf(passage), description: "changed" })
  await ledger.call("change with a stale version", hub, "PATCH", `/v1/connectors/${name}`, { config: configOf(passage) }, { headers: { "if-match": '"99"' } })
  await ledger.call("compare", hub, "POST", "/v1/connectors/compare", { name, type: connector.type, config: configOf(passage) })
  await ledger.call("compare another", hub, "POST", "/v1/connectors/compare", {
    name,
    type: connector.type,
    config: configOf(passage, `${passage.canary.value}?`),
  })
  await ledger.call("show", hub, "GET", `/v1/connectors/${name}`)
}

/** Sends only the secret's own field, without other required fields. */
function partly(passage: Passage): Record<string, unknown> {
  const [first = ""] = passage.place.path
  return { [first]: configOf(passage)[first] }
}

/** Tests, statements and calls, which the remote system rejects with the secret in its error. */
async function use(passage: Passage): Promise<void> {
  const { hub, ledger, connector, canary, name } = passage
  const of = (rest: string) => `/v1/connectors/${name}${rest}`
  await ledger.call("test", hub, "POST", of("/test"), {})
  await ledger.call("test, streamed", hub, "POST", of("/test"), {}, { headers: { accept: "application/x-ndjson" } })
  await ledger.call("test, unsaved", hub, "POST", "/v1/connectors/test", { type: connector.type, config: configOf(passage) })
  await ledger.call("test of a closed port", hub, "POST", "/v1/connectors/test", {
    type: connector.type,
    config: configAt(connector.fields, passage.place.path, canary.value, { ...passage.aim, port: 1 }),
  })
  await ledger.call("discover", hub, "POST", of("/discover"))
  await ledger.call("query", hub, "POST", of("/query"), { statement: "select 1" })
  await ledger.call("dry run of a query", hub, "POST", of("/query/dry-run"), { statement: "select 1" })
  await ledger.call("query, streamed", hub, "POST", of("/query"), { statement: "select 1" }, { headers: { accept: "text/csv" } })
  await ledger.call("preview", hub, "GET", of(`/rows?stream=${encodeURIComponent('["a","b"]')}&limit=1`))
  await ledger.call("call", hub, "POST", of("/call"), { input: {} })
  await ledger.call("call with unknown inputs", hub, "POST", of("/call"), { input: { password: canary.value } })
  await ledger.call("dry run", hub, "POST", of("/call"), { input: {}, dryRun: true })
  await ledger.call("inputs", hub, "GET", of("/inputs"))
  await ledger.call("catalog", hub, "GET", of("/catalog"))
  await ledger.call("schedule a check", hub, "PUT", of("/check"), { everyMs: 60_000 })
  await ledger.call("check history", hub, "GET", of("/checks"))
}

async function turnSlots(passage: Passage): Promise<void> {
  const { hub, ledger, name, canary } = passage
  const of = (rest: string) => `/v1/connectors/${name}/credentials${rest}`
  await ledger.call("stage", hub, "PUT", of("/next"), { config: partly(passage) })
  await ledger.call("stage what is wrong", hub, "PUT", of("/next"), { config: { ...partly(passage), no_such_field: canary.value, host: canary.value } })
  await ledger.call("show the slots", hub, "GET", of(""))
  await ledger.call("test what is staged", hub, "POST", of("/next/test"), {})
  await ledger.call("switch", hub, "POST", of("/switch"), {})
  await ledger.call("switch all the same", hub, "POST", of("/switch"), { force: true })
  await ledger.call("roll back", hub, "POST", of("/rollback"))
  await ledger.call("stage again", hub, "PUT", of("/next"), { config: partly(passage) })
}

async function keepVersions({ hub, ledger, name }: Passage): Promise<void> {
  await ledger.call("versions", hub, "GET", `/v1/connectors/${name}/versions`)
  await ledger.call("one version", hub, "GET", `/v1/connectors/${name}/versions/2`)
  await ledger.call("restore", hub, "POST", `/v1/connectors/${name}/versions/1/restore`)
}
