import { type Loopback, listenHttp } from "../support/loopback.ts"

/** A remote server that records when each call starts, and how many are open at once. */
export interface FarServer extends Loopback {
  readonly starts: readonly number[]
  readonly open: { readonly now: number; readonly most: number }
}

/**
 * Starts a server that answers after `takesMs`. A call is open until it is answered or the caller disconnects; with
 * `closes`, each call has its own connection and is open as long as the connection.
 */
export async function startFarServer(takesMs: number, { closes = false } = {}): Promise<FarServer> {
  const starts: number[] = []
  const open = { now: 0, most: 0 }
  const server = await listenHttp((request, response) => {
    starts.push(performance.now())
    open.now++
    open.most = Math.max(open.most, open.now)
    const over = closes ? request.socket : response
    over.once("close", () => open.now--)
    if (closes) response.setHeader("connection", "close")
    setTimeout(() => request.destroyed || response.setHeader("content-type", "application/json").end("{}"), takesMs)
  })
  return Object.assign(server, { starts, open })
}

/** The maximum number of starts in any window of that length; a window begins at each start. */
export function mostIn(starts: readonly number[], windowMs: number): number {
  let most = 0
  for (let from = 0, to = 0; from < starts.length; from++) {
    while (to < starts.length && (starts[to] ?? 0) - (starts[from] ?? 0) < windowMs) to++
    most = Math.max(most, to - from)
  }
  return most
}
