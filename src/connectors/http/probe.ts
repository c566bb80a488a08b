import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { probe as probeCalls } from "../shared/http/probe.ts"
import { type ProbedCalls, probeBy } from "../shared/http/probe-requests.ts"
import { inputsOf, isTemplate } from "./fields.ts"
import { prepare, probeOf } from "./request.ts"
import { type Client, readingOf } from "./stream.ts"

/** Tests a connector by the request that `probe` chooses, judged as a call's where it is a call's. */
export async function probe({ config, http, judge }: Client, call: Call): Promise<ServerFacts> {
  const calls: ProbedCalls = {
    method: config.method,
    open: inputsOf(config).some(({ required }) => required),
    templated: isTemplate(config.url),
    reading: readingOf(config),
    bare: (method) => probeOf(config, method),
    own: () => prepare(config, {}, call.render),
  }
  const { origin } = new URL(config.url)
  return await probeCalls({ product: "HTTP server", http, judge, calls, origin, ask: (client) => probeBy(config.probe, calls, client, call) }, call)
}
