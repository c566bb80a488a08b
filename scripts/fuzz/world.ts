import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { startDnsServer } from "../../test/support/dns-server.ts"
import { startTestDatabase } from "../../test/support/embedded.ts"
import { startHub, type TestHub } from "../../test/support/hub.ts"

/** A hub with at least one item of each kind in a workspace of its own, and the keys of its three roles. */
export interface World {
  readonly hub: TestHub
  readonly keys: { readonly operator: string; readonly admin: string; readonly editor: string; readonly viewer: string }
  stop(): Promise<void>
}

/**
 * Starts a hub whose connectors reach a real PostgreSQL and an HTTP server on loopback. Its resolver knows no names,
 * so no generated request leaves the machine.
 */
export async function startWorld(): Promise<World> {
  const dns = await startDnsServer(() => "NXDOMAIN")
  const database = await startTestDatabase()
  await database.query("create table public.things (id int primary key, name text); insert into things values (1, 'one'), (2, null)")
  const api = createServer((_request, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true,"items":[{"id":1}]}'))
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve))
  const { port } = api.address() as AddressInfo
  const hub = await startHub({ JACKFIELD_DNS: dns.address, JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port},127.0.0.0/8:${port}` })
  const { key: admin } = await hub.workspace("fuzz")
  const keys = { operator: hub.key, admin, editor: await hub.keyFor("editor", admin), viewer: await hub.keyFor("viewer", admin) }
  await fill(hub, admin, database, `http://127.0.0.1:${port}/`)
  const stop = async (): Promise<void> => {
    await hub.stop()
    await database.stop()
    await dns.close()
    await new Promise<void>((resolve) => api.close(() => resolve()))
  }
  return { hub, keys, stop }
}

async function fill(hub: TestHub, key: string, { host, port, user, password }: { host: string; port: number; user: string; password: string }, url: string) {
  const made = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await hub.call(method, path, body, { key })
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`)
    return answer.body
  }
  await made("POST", "/v1/connectors", {
    name: "shop",
    type: "postgres",
    config: { host, port, user, password, database: "postgres", tls: { kind: "off" } },
    verify: true,
  })
  await made("POST", "/v1/connectors", { name: "crm", type: "http", config: { url }, labels: { team: "sales" }, limits: { requests: 100, perMs: 1000 } })
  await made("POST", "/v1/connectors", { name: "later", type: "snowflake", config: {}, draft: true })
  await made("PATCH", "/v1/connectors/shop", { title: "The shop" })
  await made("POST", "/v1/connectors/shop/discover", {})
}
