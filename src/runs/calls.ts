import { randomBytes } from "node:crypto"
import type { Render, Turn } from "../core/call.ts"
import { isMask, openConfig } from "../core/config.ts"
import type { AnyConnector, Input, PreparedRequest } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { open } from "../core/session.ts"
import { round } from "../core/trace.ts"
import type { Row } from "../core/values.ts"
import type { Connectors, Opened } from "../hub/connectors/connectors.ts"
import type { HubParts } from "../hub/hub.ts"
import type { Principal } from "../hub/people/identity.ts"
import { type Leave, TURN_WAIT_MS } from "../hub/turns.ts"
import { TemplatePool } from "../templates/pool.ts"

export interface CallRequest {
  readonly input: Row
  /** Milliseconds for the call itself; waiting for the limits comes before, and is at most as long. */
  readonly timeoutMs?: number
}

/** What the far side answered to one row of input. `requests` counts pages and retries too; `retries` says why each was made. */
export interface CallAnswer {
  readonly output: Row | readonly Row[]
  readonly durationMs: number
  readonly requests: number
  readonly retries: readonly string[]
}

export const CALL_DEADLINE_MS = 30_000

/** Single calls of connectors that take requests, under their limits. */
export class Calls {
  readonly #parts: HubParts
  readonly #connectors: Connectors
  readonly #templates = new TemplatePool()

  constructor(hub: HubParts & { readonly connectors: Connectors }) {
    this.#parts = hub
    this.#connectors = hub.connectors
  }

  close(): Promise<void> {
    return this.#templates.close()
  }

  /** One request, when the limits allow it. What fails on the far side is an error of status 502 or 504; `rate_limited` is the hub's own limit. */
  async call(by: Principal, ref: string, { input, timeoutMs = CALL_DEADLINE_MS }: CallRequest, signal: AbortSignal): Promise<CallAnswer> {
    using _place = this.#parts.bounds.enter(by.workspace.id, "calls")
    const opened = await this.#connectors.open(by, ref)
    if (opened.connector.request === undefined) throw unsupported(opened.connector)
    const render = remembered(this.#templates.render)
    // Faults of the input are told, and templates filled, before a turn is spent.
    await opened.connector.prepare?.(opened.config, input, render)
    const use = await this.#connectors.use(by, opened, signal)
    try {
      const leave = await this.#parts.turns.take(by.workspace.id, opened, { signal, waitMs: Math.min(timeoutMs, TURN_WAIT_MS) })
      try {
        const answer = await this.#send(by, opened, { input, timeoutMs }, { ...leave, signal: AbortSignal.any([signal, leave.signal]) }, render)
        use.worked()
        return answer
      } finally {
        leave.release()
      }
    } catch (error) {
      await use.failed(error)
      throw error
    } finally {
      use.done()
    }
  }

  /** The request that a call would send, every secret of the connector shown as `[secret]`; no secret is opened for it. */
  async dryRun(by: Principal, ref: string, input: Row): Promise<PreparedRequest> {
    const { connector, config, mark } = await this.#masked(by, ref)
    if (connector.prepare === undefined) throw unsupported(connector)
    return hidden(await connector.prepare(config, input, this.#templates.render), mark)
  }

  /** What a call may or must give. */
  async inputs(by: Principal, ref: string): Promise<readonly Input[]> {
    const { connector, config } = await this.#masked(by, ref)
    if (connector.inputs === undefined) throw unsupported(connector)
    return connector.inputs(config)
  }

  async #send(
    by: Principal,
    { id, connector, config }: Opened,
    { input, timeoutMs }: Required<CallRequest>,
    leave: Leave,
    render: Render,
  ): Promise<CallAnswer> {
    const { door, log, tokens } = this.#parts
    const sent = { requests: 1, retries: [] as string[] }
    const lease = door.lease({ deadlineMs: timeoutMs, operator: by.operator, signal: leave.signal })
    // A connection that is there is a request that goes.
    lease.trace.onStage(({ name }) => (name === "connect" || name === "tls" ? leave.sent() : undefined))
    try {
      const begun = performance.now()
      const turn: Turn = async (retryOf) => {
        await leave.again({ signal: lease.signal, waitMs: lease.remainingMs() })
        sent.requests++
        if (retryOf !== undefined) sent.retries.push(retryOf)
      }
      const token = tokens.of({ workspaceId: by.workspace.id, connectorId: id, operator: by.operator })
      await using session = await open(connector, config, lease, { log: (message, facts) => log.info(facts ?? {}, message), render, token, turn })
      const output = await session.request(input)
      return { output, durationMs: round(performance.now() - begun), ...sent }
    } catch (error) {
      throw remote(error)
    } finally {
      await lease.close()
    }
  }

  /** A connector's config with `mark` in the place of each secret. */
  async #masked(by: Principal, ref: string): Promise<{ connector: AnyConnector; config: Record<string, unknown>; mark: string }> {
    const view = await this.#connectors.get(by, ref)
    const connector = this.#parts.registry.find(view.type)
    if (connector === undefined) throw new PlatformError("unsupported", `This hub has no connectors of the type ${view.type}.`)
    if (view.missing.length > 0) {
      const lacking = view.missing.map(({ message }) => message).join(" ")
      throw new PlatformError("connector_incomplete", `The connector ${view.name} is a draft: ${lacking}`, { faults: view.missing })
    }
    // Letters and digits alone: the same in a URL, a form, JSON and a header.
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

/** A template of one call is filled once, whoever asks. */
function remembered(render: Render): Render {
  const filled = new Map<string, Promise<string>>()
  return (template, values, place = "json") => {
    const key = `${place} ${template}`
    const made = filled.get(key) ?? render(template, values, place)
    filled.set(key, made)
    return made
  }
}

/** A refusal by the far side is not the caller's fault towards us: 400s and 429 become 502, with the far side's status in the details. */
function remote(error: unknown): unknown {
  if (!(error instanceof PlatformError) || typeof error.details["status"] !== "number" || error.status >= 500) return error
  return new PlatformError("remote_failed", error.message, { cause: error, details: error.details })
}
