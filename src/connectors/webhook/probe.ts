import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { detailsOf } from "../shared/http/probe.ts"
import { isPassing } from "../shared/http/retry.ts"
import { failureOf } from "../shared/http/statuses.ts"
import { askUnsent, disallows, refusesLogin, type Unsent } from "../shared/http/unsent.ts"
import { type Client, requestOf } from "./deliver.ts"
import type { WebhookConfig } from "./fields.ts"

/** Asks the receiver without delivering anything, and says what that leaves open. */
export async function probe({ config, judge, probing }: Client, call: Call): Promise<ServerFacts> {
  const { auth, signing } = config
  const asked = await call.stage("auth", async () => {
    const found = await askUnsent(config.probe, probing, (method) => requestOf(config, method), call)
    if (refusesLogin(found, auth.kind, signing.kind !== "none")) throw failureOf(found.answer, call)
    return found
  })
  return await call.stage("probe", async () => {
    const { answer } = asked
    const wrong = judge(answer, call)
    if (wrong !== undefined && (answer.status < 400 || answer.status === 410 || isPassing(answer.status))) throw wrong
    return { product: "HTTP server", details: detailsOf(answer, call), warnings: warningsOf(config, asked, wrong !== undefined) }
  })
}

function warningsOf({ url, method, auth, signing, tunnel }: WebhookConfig, asked: Unsent, failed: boolean): string[] {
  const open = [`whether it takes ${method}`, ...(auth.kind === "none" ? [] : ["the credentials"]), ...(signing.kind === "none" ? [] : ["the signature"])]
  const { status } = asked.answer
  return [
    `The test asked by ${asked.method} and delivered nothing, so it did not check what only a delivery shows: ${open.join(", ")}.`,
    ...(failed ? [`The receiver answers ${status} to ${asked.method}; if deliveries fail, check the URL's path and the credentials.`] : []),
    ...(disallows(asked, method) ? [`The receiver names the methods that it takes, and ${method} is not among them; check the method and the URL.`] : []),
    ...(/^http:/i.test(url) && tunnel.kind === "none" ? ["The URL is plain http, so that rows and credentials can be read on their way; use https."] : []),
  ]
}
