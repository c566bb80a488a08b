import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface VaultServer {
  readonly url: string
  readonly token: string
  /** The routes that were asked for, in order. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

/**
 * A stand-in for HashiCorp Vault with one KV v2 mount, `team/kv/`, and one KV v1, `old/`: strict about what
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 documents. A wrong token, an unknown route, a missing
 * namespace or any method but GET is refused as Vault refuses it.
 */
export async function startVault(secrets: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>, namespace?: string): Promise<VaultServer> {
  const token = `hvs.${crypto.randomUUID()}`
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "")
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    }
    asked.push(`${request.method} ${path}`)
    if (request.headers["x-vault-token"] !== token || request.headers["x-vault-namespace"] !== namespace) return answer(403, { errors: ["permission denied"] })
    if (request.method !== "GET") return answer(405, { errors: ["unsupported operation"] })
    const mount = /^\/v1\/sys\/internal\/ui\/mounts\/(team\/kv|old)(?:\/.*)?$/.exec(path)?.[1]
    if (mount !== undefined) return answer(200, { data: { path: `${mount}/`, type: "kv", options: { version: mount === "old" ? "1" : "2" } } })
    if (path.startsWith("/v1/sys/internal/ui/mounts/")) return answer(403, { errors: ["preflight capability check returned 403"] })
    const name = /^\/v1\/team\/kv\/data\/(.+)$/.exec(path)?.[1] ?? ""
    if (!Object.hasOwn(secrets, name)) return answer(404, { errors: [] })
    const data = secrets[name] ?? null
    // A deleted version is a 404 that has its metadata.
    answer(data === null ? 404 : 200, {
      data: { data, metadata: { version: 3, destroyed: false, deletion_time: data === null ? "2026-01-01T00:00:00Z" : "" } },
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    asked,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
