import type { Answer } from "../../support/ask.ts"
import type { HubProcess } from "../../support/hub-process.ts"
import type { Ledger } from "./ledger.ts"
import type { Canary } from "./values.ts"

/** Sends one canary through the four compatible APIs of a hub. */
export interface Wire {
  readonly hub: HubProcess
  readonly ledger: Ledger
  readonly canary: Canary
  readonly index: number
  /** The address of a hostile remote system. */
  readonly port: number
  readonly key: string
}

/** The answer of Databar's create, the only one that may repeat the caller's values. */
export interface Echo {
  readonly sent: object
  readonly answer: Answer
}

const DATABAR = "/databar/v1/connectors"
const SQUARED = "/aisquared/api/v1"
const KAIREON = "/kaireon/api/v1/connectors"
const DATABRAIN = "/databrain/api/v2/datasource"

async function malformed({ hub, ledger, canary, key }: Wire, action: string, path: string): Promise<void> {
  for (const body of [`{"password":"${canary.value}`, `${JSON.stringify({ a: canary.value })}${canary.value}`]) {
    const headers = { authorization: `Bearer ${key}`, "x-apikey": key, "content-type": "application/json", connection: "close" }
    const response = await fetch((await hub.ready) + path, { method: "POST", body, headers })
    ledger.answered(action, { status: response.status, headers: response.headers, text: await response.text(), body: undefined })
  }
}

/** Databar: header, parameter and body constants. */
export async function throughDatabar(wire: Wire): Promise<Echo> {
  const { hub, ledger, canary, index, port, key } = wire
  const { value } = canary
  const options = { headers: { "x-apikey": key } }
  const call = (action: string, method: string, path: string, body?: unknown) => ledger.call(`databar: ${action}`, hub, method, DATABAR + path, body, options)
  const rows = { parameters: [{ name: "api_key", value }], body: [{ name: "password", value }] }
  const sent = { name: `databar ${index}`, method: "post", url: `http://127.0.0.1:${port}/u${index}`, headers: [{ name: "Authorization", value }], ...rows }
  const plain = { ...sent, headers: [] }
  let answer = await hub.call("POST", `${DATABAR}/`, sent, options)
  // A value that is not valid in a header is rejected there, and is sent only in the query and the body.
  if (answer.status !== 201) {
    ledger.answered("databar: a header that is none", answer)
    answer = await hub.call("POST", `${DATABAR}/`, plain, options)
  }
  ledger.did("databar: create")
  const id = answer.body.id as number
  await call("show", "GET", `/${id}`)
  await call("list", "GET", "/")
  await call("replace", "PUT", `/${id}`, { ...plain, description: "x" })
  await call("replace by masks", "PUT", `/${id}`, { ...plain, parameters: [{ name: "api_key", value: "********" }] })
  await call("wrong types", "POST", "/", { ...sent, method: value, rate_limit: value, parameters: [{ name: "api_key", value: [value] }], headers: value })
  await call("a template that is none", "POST", "/", { ...sent, url: "http://a.example/", headers: [], body_template: `{{ "${value}" ` })
  await malformed(wire, "databar: malformed", `${DATABAR}/`)
  return { sent: answer.body.headers.length === 0 ? plain : sent, answer }
}

/** AI Squared: a database's password, an API's headers, a login. */
export async function throughSquared(wire: Wire): Promise<void> {
  const { hub, ledger, canary, index, port } = wire
  const { value } = canary
  const call = (action: string, method: string, path: string, body?: unknown) => ledger.call(`aisquared: ${action}`, hub, method, SQUARED + path, body)
  const configuration = (password: unknown) => ({
    data_type: "structured",
    credentials: { auth_type: "username/password", username: `u${index}`, password },
    ...{ host: "127.0.0.1", port: String(port), database: "d", schema: "public", sslmode: "disable" },
  })
  const source = (name: string, given: object, of = "Postgresql") => ({
    connector: { name, connector_type: "source", connector_name: of, configuration: given },
  })
  const made = await call("create", "POST", "/connectors", source(`squared ${index}`, configuration(value)))
  if (made.status !== 201) throw new Error(`AI Squared's create failed: ${made.text}`)
  const path = `/connectors/${made.body.data.id}`
  await call("create an API", "POST", "/connectors", source(`squared api ${index}`, httpSource(port, index, value), "Http"))
  await call("show", "GET", path)
  await call("list", "GET", "/connectors?per_page=100")
  await call("change", "PATCH", path, { connector: { configuration: configuration(value) } })
  await call("wrong types", "POST", "/connectors", source(`squared wrong ${index}`, { ...configuration({ value }), port: value, sslmode: value }))
  await call("wrong body", "POST", "/connectors", { connector: value, password: value })
  await call("a wrong login", "POST", "/login", { email: "admin@localhost", password: value })
  await call("a login of wrong types", "POST", "/login", { email: [value], password: { value } })
  await malformed(wire, "aisquared: malformed", `${SQUARED}/connectors`)
}

const httpSource = (port: number, index: number, value: string): object => ({
  ...{ increment_type: "Page", base_url: `http://127.0.0.1:${port}/u${index}`, http_method: "GET" },
  ...{ headers: { "X-Key": value }, params: { api_key: value } },
})

/** KaireonAI: credentials outside and inside of config, and their test; returns the mask in its answer. */
export async function throughKaireon(wire: Wire): Promise<unknown> {
  const { hub, ledger, canary, index, port } = wire
  const { value } = canary
  const call = (action: string, method: string, path: string, body?: unknown) => ledger.call(`kaireon: ${action}`, hub, method, KAIREON + path, body)
  const config = { host: "127.0.0.1", port, database: "d", sslMode: "disable" }
  const authConfig = { username: `u${index}`, password: value }
  const made = await call("create", "POST", "", { name: `kaireon ${index}`, type: "postgresql", config, authConfig })
  if (made.status !== 201) throw new Error(`KaireonAI's create failed: ${made.text}`)
  const { id } = made.body
  const tested = await call("test", "POST", "/test", { id })
  await call("show", "GET", `/${id}`)
  await call("list", "GET", "?limit=100")
  await call("change", "PUT", "", { id, authConfig })
  await call("a password in config", "PUT", "", { id, config: { ...config, password: value, apiKey: value, nested: { secret: value } } })
  const connectionString = `postgres://u${index}:${encodeURIComponent(value)}@127.0.0.1:${port}/d?sslmode=disable`
  const other = await call("a connection string", "POST", "", { name: `kaireon string ${index}`, type: "postgresql", config: { connectionString } })
  await call("test by a connection string", "POST", "/test", { id: other.body.id })
  await call("a wrong connection string", "PUT", "", { id, config: { connectionString: `${connectionString}&nothing=1` } })
  await call("an API", "POST", "", {
    name: `kaireon api ${index}`,
    type: "rest_api",
    config: { url: `http://127.0.0.1:${port}/u${index}`, headers: { "X-Key": value } },
    authConfig: { token: value },
  })
  await call("wrong types", "PUT", "", { id, authConfig: { password: [value], pasword: value }, config: value, status: value })
  await malformed(wire, "kaireon: malformed", KAIREON)
  return tested.body.authConfig?.password
}

/** DataBrain: an unreachable datasource, and invalid bodies. */
export async function throughDataBrain(wire: Wire): Promise<void> {
  const { hub, ledger, canary, index, port } = wire
  const { value } = canary
  const call = (action: string, path: string, body?: unknown) => ledger.call(`databrain: ${action}`, hub, "POST", DATABRAIN + path, body)
  const credentials = { name: `brain-${index}`, host: "127.0.0.1", port, username: `u${index}`, password: value, database: "d", schema: "public" }
  const tunnel = { sshTunnel: "enable", sshHost: "127.0.0.1", sshPort: port, sshUsername: "u", sshPrivateKey: value }
  await call("create", "", { datasourceType: "postgres", credentials })
  await call("create through a tunnel", "", { datasourceType: "postgres", credentials: { ...credentials, ...tunnel } })
  await call("wrong types", "", {
    datasourceType: "postgres",
    credentials: { ...credentials, password: [value], port: value, sslMode: value, sshTunnel: value },
  })
  await call("wrong body", "", { datasourceType: "postgres", credentials: value })
  await call("another type", "", { datasourceType: "mongodb", credentials })
  await call("progress", "/getDatasourceProgress", { datasourceId: `brain-${index}` })
  await malformed(wire, "databrain: malformed", DATABRAIN)
}
