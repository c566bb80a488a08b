import { randomBytes } from "node:crypto"
import type { Render } from "../core/call.ts"
import { isMask, openConfig } from "../core/config.ts"
import type { AnyConnector, Input, PreparedRequest } from "../core/connector.ts"
import type { EncodedRecords } from "../core/encoded-records.ts"
import { PlatformError } from "../core/errors.ts"
import { round } from "../core/trace.ts"
import type { Row } from "../core/values.ts"
import type { Principal } from "../hub/base/principal.ts"
import type { UseOptions } from "../hub/connectors/uses.ts"
import type { Hub } from "../hub/hub.ts"

export interface CallRequest {
  readonly input: Row
  /** Milliseconds for the call itself. The wait for the connector's limits comes before it, and is at most as long. */
  readonly timeoutMs?: number
}

/** The answer of the far side to one row of input; large ones are encoded as a `list`. `requests` counts pages and retries too; `retries` has the reason of each retry. */
export interface CallAnswer extends Sent {
  readonly output: Row | readonly Row[] | EncodedRecords
  readonly durationMs: number
}

interface Sent {
  readonly requests: number
  readonly retries: readonly string[]
  /** In how many places of the answer a secret of the connector was hidden; absent if in none. */
  readonly hidden?: number
}

interface Counted {
  requests: number
  readonly retries: string[]
  hidden?: number
}

/** The records of a call page by page, large pages encoded as `lines`; `sent` counts as they come. */
export interface CallStream {
  readonly pages: AsyncGenerator<readonly Row[] | EncodedRecords>
  readonly sent: Sent
}

export const CALL_DEADLINE_MS = 30_000

type Parts = Pick<Hub, "connectors" | "registry" | "uses" | "evaluator">

/** Single calls of connectors that take requests, under their limits. */
export class Calls {
  readonly #hub: Parts

  constructor(hub: Parts) {
    this.#hub = hub
  }

  /** One request, when the limits allow it. A failure on the far side is an error of status 502 or 504; `rate_limited` is the hub's own limit. */
  async call(by: Principal, ref: string, request: CallRequest, signal: AbortSignal): Promise<CallAnswer> {
    const { options, sent } = this.#use(by, request, signal)
    return this.#hub.uses.once(by, ref, options, async ({ session, begunAt }) => {
      const output = await session.request(request.input).catch((error: unknown) => Promise.reject(remote(error)))
      return { output, durationMs: round(performance.now() - begunAt), ...sent }
    })
  }

  /** The same request, its records page by page; it may last as long as each page comes within `timeoutMs`. */
  stream(by: Principal, ref: string, request: CallRequest, signal: AbortSignal): CallStream {
    const { options, sent } = this.#use(by, request, signal)
    const pages = this.#hub.uses.stream(by, ref, { ...options, perResult: true }, async function* ({ session }) {
      try {
        yield* session.records(request.input)
      } catch (error) {
        throw remote(error)
      }
    })
    return { pages, sent }
  }

  #use(by: Principal, { input, timeoutMs = CALL_DEADLINE_MS }: CallRequest, signal: AbortSignal): { readonly options: UseOptions<void>; readonly sent: Sent } {
    const end = performance.now() + timeoutMs
    const render = remembered(this.#hub.evaluator.for({ workspaceId: by.workspace.id, signal, remainingMs: () => end - performance.now() }).render)
    const sent: Counted = { requests: 1, retries: [] }
    const options: UseOptions<void> = {
      kind: "calls",
      deadlineMs: timeoutMs,
      signal,
      render,
      // Checks the input and fills the templates first, so that a faulty call does not use up the rate limit.
      async prepare({ connector, config }) {
        if (connector.request === undefined) throw unsupported(connector)
        await connector.prepare?.(config, input, render)
      },
      hid(count) {
        sent.hidden = (sent.hidden ?? 0) + count
      },
      again(retryOf) {
        sent.requests++
        if (retryOf !== undefined) sent.retries.push(retryOf)
      },
    }
    return { options, sent }
  }

  /** The request that a call would send, with every secret of the connector as `[secret]`. No secret is opened for it. */
  async dryRun(by: Principal, ref: string, input: Row): Promise<PreparedRequest> {
    const { connector, config, mark } = await this.#masked(by, ref)
    if (connector.prepare === undefined) throw unsupported(connector)
    const { render } = this.#hub.evaluator.for({ workspaceId: by.workspace.id, remainingMs: () => CALL_DEADLINE_MS })
    return hidden(await connector.prepare(config, input, render), mark)
  }

  /** The parameters of a call, optional and required. */
  async inputs(by: Principal, ref: string): Promise<readonly Input[]> {
    const { connector, config } = await this.#masked(by, ref)
    if (connector.inputs === undefined) throw unsupported(connector)
    return connector.inputs(config)
  }

  /** A connector's config with `mark` in the place of each secret. */
  async #masked(by: Principal, ref: string): Promise<{ connector: AnyConnector; config: Record<string, unknown>; mark: string }> {
    const view = await this.#hub.connectors.get(by, ref)
    const connector = this.#hub.registry.find(view.type)
    if (connector === undefined) throw new PlatformError("unsupported", `This hub has no connectors of the type ${view.type}.`)
    if (view.missing.length > 0) {
      const lacking = view.missing.map(({ message }) => message).join(" ")
      throw new PlatformError("connector_incomplete", `The connector ${view.name} is a draft: ${lacking}`, { faults: view.missing })
    }
    // Letters and digits only, which are the same in a URL, a form, JSON and a header.
    const mark = `secret${randomBytes(16).toString("hex")}`
    const config = openConfig(connector.fields, unmasked(view.config, mark) as Readonly<Record<string, unknown>>, new Map())
    return { connector, config, mark }
  }
}

const unsupported = ({ title }: AnyConnector): PlatformError => new PlatformError("unsupported", `${title} connectors take no requests; use one of type http.`)

function unmasked(value: unknown, mark: string): unknown {
  if (isMask(value)) return mark
  if (Array.isArray(value)) return value.map((each) => unmasked(each, mark))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unmasked(each, mark)]))
}

function hidden(request: PreparedRequest, mark: string): PreparedRequest {
  const hide = (text: string): string => {
    const basic = /^Basic (\S+)$/.exec(text)?.[1]
    if (basic !== undefined && Buffer.from(basic, "base64").toString().includes(mark)) return "Basic [secret]"
    return text.replaceAll(mark, "[secret]")
  }
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, hide(value)]))
  return { ...request, url: hide(request.url), headers, ...(request.body === undefined ? {} : { body: hide(request.body) }) }
}

/** Fills each template of a call once, however often it is needed. */
function remembered(render: Render): Render {
  const filled = new Map<string, Promise<string>>()
  return (template, values, place = "json") => {
    const key = `${place} ${template}`
    const made = filled.get(key) ?? render(template, values, place)
    filled.set(key, made)
    return made
  }
}

/** When the far side refuses a request, the request to the hub was still valid: a 4xx becomes 502, with the far side's status in the details. */
function remote(error: unknown): unknown {
  if (!(error instanceof PlatformError) || typeof error.details["status"] !== "number" || error.status >= 500) return error
  return new PlatformError("remote_failed", error.message, { cause: error, details: error.details })
}
