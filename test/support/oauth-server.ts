import { createServer } from "node:http"
import { type Loopback, listen } from "./loopback.ts"

/** One request to the token endpoint as it came. */
export interface TokenRequest {
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}

/** How the provider behaves now; each may be changed while it runs. */
export interface Behaviour {
  /** What the endpoint says beside the tokens. */
  answer: Record<string, unknown>
  /** Instead of tokens. */
  refuse: { readonly status: number; readonly body: unknown } | undefined
  /** Each refresh gives another refresh token; the last is good once more while `grace` holds. */
  rotates: boolean
  grace: boolean
  /** Called when a request for tokens is there, and nothing was decided. */
  arrives: () => Promise<void> | void
  /** Called when the API was called. */
  called: () => Promise<void> | void
  /** Called before the answer goes, after the provider has made up its mind. */
  before: (made: { readonly access: string; readonly refresh: string | undefined }) => Promise<void> | void
}

/** An authorization server as RFC 6749 has it, and an API at `/api` that takes its access tokens alone. */
export interface OAuthServer extends Loopback {
  readonly url: string
  readonly tokens: readonly TokenRequest[]
  readonly calls: readonly string[]
  readonly behaviour: Behaviour
  /** Access and refresh tokens that were ever given. */
  readonly given: readonly string[]
  /** The refresh token that is good now. */
  refresh: string
  /** Makes every access token so far worthless. */
  revoke(): void
}

export async function startOAuthServer(first = "refresh-canary-0"): Promise<OAuthServer> {
  const tokens: TokenRequest[] = []
  const calls: string[] = []
  const given: string[] = [first]
  const good = new Set<string>()
  let previous: string | undefined
  const behaviour: Behaviour = {
    answer: { token_type: "Bearer", expires_in: 3600 },
    refuse: undefined,
    rotates: true,
    grace: false,
    arrives: () => undefined,
    called: () => undefined,
    before: () => undefined,
  }
  const server = createServer(async (request, response) => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString()
    const json = (status: number, value: unknown) => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
    if (!request.url?.startsWith("/token")) {
      calls.push(request.headers.authorization ?? "")
      await behaviour.called()
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? ""
      return good.has(token) ? json(200, { ok: true, calls: calls.length }) : json(401, { error: `not ${token}` })
    }
    const form = new URLSearchParams(body)
    tokens.push({ authorization: request.headers.authorization, form })
    await behaviour.arrives()
    if (request.socket.destroyed) return
    if (behaviour.refuse !== undefined) return json(behaviour.refuse.status, behaviour.refuse.body)
    const sent = form.get("refresh_token")
    if (form.get("grant_type") === "refresh_token" && sent !== state.refresh && !(behaviour.grace && sent === previous))
      return json(400, { error: "invalid_grant", error_description: `${sent} is spent` })
    const access = `access-canary-${tokens.length}-${"x".repeat(20)}`
    good.add(access)
    given.push(access)
    const refresh = form.get("grant_type") === "refresh_token" && behaviour.rotates ? `refresh-canary-${tokens.length}` : undefined
    if (refresh !== undefined) {
      previous = state.refresh
      state.refresh = refresh
      given.push(refresh)
    }
    await behaviour.before({ access, refresh })
    json(200, { access_token: access, ...(refresh === undefined ? {} : { refresh_token: refresh }), ...behaviour.answer })
  })
  const at = await listen(server)
  const state: OAuthServer = Object.assign(at, {
    url: `http://127.0.0.1:${at.port}`,
    tokens,
    calls,
    behaviour,
    given,
    refresh: first,
    revoke: () => good.clear(),
  })
  return state
}
