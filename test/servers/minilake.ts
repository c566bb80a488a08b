import { request } from "node:https"
import { json } from "node:stream/consumers"
import { defineServer } from "../support/servers/server.ts"

/** A minilake, an emulator of Databricks' APIs over DuckDB: no login, no failing statements, and types of DuckDB's own. */
export interface MiniLake {
  readonly port: number
  /** PEM. */
  readonly ca: string
  /** The id of the one SQL warehouse. */
  readonly warehouse: string
}

export const minilake = defineServer<MiniLake>({
  name: "minilake",
  packages: { pip: ["minilake==1.9.0"] },
  async begin(sandbox, { program }, { tls }) {
    const files = { "ssl-certfile": sandbox.write("server.pem", tls.cert), "ssl-keyfile": sandbox.write("server.key", tls.key) }
    return sandbox.onFreePorts(2, async (port, plainPort) => {
      const settings = { host: "127.0.0.1", port: plainPort, "https-port": port, ...files }
      const args = ["--tls", ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)]
      const warehouses = (body?: object) => ask({ port, ca: tls.ca }, body)
      await sandbox.launch("minilake", program("minilake"), args, { ready: async () => "warehouses" in (await warehouses()), readyMs: 60_000 })
      const { id } = await warehouses({ name: "test", cluster_size: "2X-Small" })
      return { port, ca: tls.ca, warehouse: String(id) }
    })
  },
})

/** Lists the SQL warehouses, or makes one. */
function ask({ port, ca }: Pick<MiniLake, "port" | "ca">, body?: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" }
    const options = {
      host: "127.0.0.1",
      port,
      path: "/api/2.0/sql/warehouses",
      ca,
      method: body === undefined ? "GET" : "POST",
      headers,
      agent: false as const,
    }
    const sent = request(options, (response) => void json(response).then((value) => resolve(value as Record<string, unknown>), reject))
    sent.once("error", reject).end(body === undefined ? undefined : JSON.stringify(body))
  })
}
