import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { detailsOf } from "../shared/http/probe.ts"
import { isPassing } from "../shared/http/retry.ts"
import { failureOf } from "../shared/http/statuses.ts"
import { type Client, requestOf } from "./deliver.ts"

interface Asked {
  readonly method: "OPTIONS" | "HEAD"
  readonly answer: HttpAnswer
}

/** Asks the receiver without delivering anything, and says what that leaves open. */
export async function probe(client: Client, call: Call): Promise<ServerFacts> {
  const { config, judge } = client
  const asked = await call.stage("auth", async () => {
    const found = await ask(client, call)
    if (isRefusal(client, found)) throw failureOf(found.answer, call)
    return found
  })
  return await call.stage("probe", async () => {
    const { answer } = asked
    const wrong = judge(answer, call)
    if (wrong !== undefined && (answer.status < 400 || answer.status === 410 || isPassing(answer.status))) throw wrong
    const isPlain = config.url.toLowerCase().startsWith("http:") && config.tunnel.kind === "none"
    const plain = isPlain ? ["The URL is plain http, so rows and credentials can be read on their way; use https."] : []
    return { product: "HTTP server", details: detailsOf(answer, call), warnings: [...warningsOf(client, asked, wrong !== undefined), ...plain] }
  })
}

/** The answer to OPTIONS; to HEAD where the config says so, or where the receiver does not know OPTIONS. */
async function ask({ config, probing }: Client, call: Call): Promise<Asked> {
  const answerTo = async (method: Asked["method"]): Promise<Asked> => ({ method, answer: await probing.head(requestOf(config, undefined, "", method), call) })
  if (config.probe === "head") return await answerTo("HEAD")
  const first = await answerTo("OPTIONS")
  const { status, headers } = first.answer
  if (![400, 404, 405, 500, 501].includes(status) || headers["allow"] !== undefined) return first
  await call.turn()
  return await answerTo("HEAD")
}

/**
 * Whether a 401 certainly refuses the credentials: they were in the request, and the answer asks for credentials of their kind, or nothing else
 * can be missing. A receiver that expects a signature may refuse any request without one.
 */
function isRefusal({ config: { auth, signing } }: Client, { method, answer: { status, headers } }: Asked): boolean {
  if (status !== 401 || auth.kind === "none") return false
  const scheme = auth.kind === "basic" ? /\bbasic\b/i : auth.kind === "bearer" || auth.kind === "oauth2_client" ? /\bbearer\b/i : undefined
  return scheme?.test(headers["www-authenticate"] ?? "") === true || (signing.kind === "none" && method === "OPTIONS")
}

function warningsOf({ config }: Client, { method, answer: { status, headers } }: Asked, failed: boolean): string[] {
  const open = [
    `that it takes ${config.method}`,
    ...(config.auth.kind === "none" ? [] : ["the credentials"]),
    ...(config.signing.kind === "none" ? [] : ["the signature"]),
  ]
  const last = open.length === 1 ? open[0] : `${open.slice(0, -1).join(", ")} and ${open.at(-1)}`
  const nothing = `The test asked by ${method} and delivered nothing, so it could not check ${last}.`
  const allow = headers["allow"]
  const refused = failed
    ? [`The receiver answers ${status} to ${method}; if it does so to ${config.method} too, check the URL's path and the credentials.`]
    : []
  const allows =
    allow === undefined ||
    allow
      .toUpperCase()
      .split(/[\s,]+/)
      .includes(config.method)
  return [nothing, ...refused, ...(allows ? [] : [`The receiver says that it takes other methods than ${config.method}; check the method and the URL.`])]
}
