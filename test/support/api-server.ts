import type { IncomingMessage, ServerResponse } from "node:http"
import type { Row } from "../../src/core/values.ts"
import { SERVER_NAME } from "./lease.ts"
import { listenHttp } from "./loopback.ts"

/** One request as the API saw it. */
export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

export type Serve = (seen: Seen, response: ServerResponse) => void

/** An HTTP API on loopback whose answers a test decides, at two origins. */
export interface ApiServer {
  readonly origin: string
  /** Another port of the same host. */
  readonly elsewhere: string
  readonly seen: Seen[]
  serve: Serve
  close(): Promise<void>
}

export async function startApi(): Promise<ApiServer> {
  const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString()
    const one = { method: request.method ?? "", url: new URL(request.url ?? "/", api.origin), headers: request.headers, body }
    api.seen.push(one)
    api.serve(one, response)
  }
  const [first, second] = [await listenHttp(handler), await listenHttp(handler)]
  const at = (port: number): string => `http://${SERVER_NAME}:${port}`
  const api: ApiServer = {
    origin: at(first.port),
    elsewhere: at(second.port),
    seen: [],
    serve: (_, response) => void response.writeHead(404).end(),
    async close() {
      await first.close()
      await second.close()
    },
  }
  return api
}

/** Answers with JSON. */
export const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))

/** Records with consecutive ids. */
export const records = (from: number, count: number): Row[] => Array.from({ length: Math.max(0, count) }, (_, index) => ({ id: from + index }))

/** 23 records behind page, offset or cursor, as the query or the body says. */
export const library: Serve = ({ url, body }, response) => {
  const given = body === "" ? Object.fromEntries(url.searchParams) : (JSON.parse(body) as Record<string, string>)
  const size = Number(given["size"] ?? 10)
  const from = given["page"] !== undefined ? (Number(given["page"]) - 1) * size : Number(given["offset"] ?? given["cursor"] ?? 0)
  const items = records(from, Math.min(size, 23 - from))
  json(response, { data: { items }, total: 9_999, next: from + size < 23 ? String(from + size) : null })
}
