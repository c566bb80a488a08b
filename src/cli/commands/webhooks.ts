import type { Wire } from "../../wire.ts"
import { type Page, queryString, readAll, when } from "../answers.ts"
import type { Cli } from "../cli.ts"
import { agreed, type ConsentOptions } from "../consent.ts"
import { EXIT, type Exit, usage } from "../failure.ts"
import { table } from "../table.ts"

type Webhook = Wire["Webhook"]
type Delivery = Wire["Delivery"]

const EVENTS = ["connector.state_changed", "catalog.changed"]
const pathOf = (id: string, rest = ""): string => `/v1/webhooks/${encodeURIComponent(id)}${rest}`

export async function list({ terminal, hub }: Cli): Promise<Exit> {
  const page = await readAll<Webhook>(await hub(), "/v1/webhooks")
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0) terminal.note("There are no webhooks; add one with `jackfield webhooks add <url>`.")
  else {
    const rows = page.data.map((each) => [each.id, each.url, each.events.join(", "), stateOf(each)])
    await terminal.write(table(["ID", "URL", "EVENTS", "STATE"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

export interface AddOptions {
  readonly event?: readonly string[]
  readonly description?: string
}

/** Creates a webhook. Its signing secret is the only line on stdout, for use in scripts. */
export async function add({ terminal, hub }: Cli, url: string, options: AddOptions): Promise<Exit> {
  const { event = EVENTS, description } = options
  const made = await (await hub()).post<Wire["NewWebhook"]>("/v1/webhooks", {
    url,
    events: event,
    ...(description === undefined ? {} : { description }),
  })
  if (terminal.json) await terminal.document(made)
  else {
    terminal.note(`Created the webhook ${made.id}; its signing secret is shown only now:`)
    await terminal.line(made.signingSecret)
  }
  return EXIT.ok
}

export async function show({ terminal, hub }: Cli, id: string): Promise<Exit> {
  const found = await (await hub()).get<Webhook>(pathOf(id))
  if (terminal.json) await terminal.document(found)
  else {
    await terminal.line(`${found.url}: ${found.events.join(", ")}`)
    await terminal.line(stateOf(found))
  }
  return EXIT.ok
}

export interface UpdateOptions extends AddOptions {
  readonly url?: string
  readonly enable?: boolean
  readonly disable?: boolean
}

export async function update({ terminal, hub }: Cli, id: string, options: UpdateOptions): Promise<Exit> {
  const { url, event, description, enable, disable } = options
  if (enable === true && disable === true) throw usage("--enable and --disable are both given.", "Use only one of them.")
  const changed = await (await hub()).patch<Webhook>(pathOf(id), {
    ...(url === undefined ? {} : { url }),
    ...(event === undefined ? {} : { events: event }),
    ...(description === undefined ? {} : { description }),
    ...(enable === true ? { enabled: true } : {}),
    ...(disable === true ? { enabled: false } : {}),
  })
  if (terminal.json) await terminal.document(changed)
  else await terminal.line(`Changed ${changed.id}: ${stateOf(changed)}.`)
  return EXIT.ok
}

/** Removes a webhook and its pending deliveries. */
export async function remove({ terminal, hub }: Cli, id: string, options: ConsentOptions): Promise<Exit> {
  const client = await hub()
  const { url } = await client.get<Webhook>(pathOf(id))
  if (!(await agreed(terminal, options, "Removing a webhook", `Remove the webhook to ${url} and its pending deliveries?`))) return EXIT.failed
  await client.remove(pathOf(id))
  if (terminal.json) await terminal.document({ removed: id })
  else await terminal.line(`Removed ${id}.`)
  return EXIT.ok
}

/** Sends a test event. */
export async function ping({ terminal, hub }: Cli, id: string): Promise<Exit> {
  const delivery = await (await hub()).post<Delivery>(pathOf(id, "/ping"))
  if (terminal.json) await terminal.document(delivery)
  else await terminal.line(`Queued ${delivery.id}; see \`jackfield webhooks deliveries ${id}\`.`)
  return EXIT.ok
}

export interface DeliveriesOptions {
  readonly limit: string
}

/** Lists the newest deliveries first. */
export async function deliveries({ terminal, hub }: Cli, id: string, options: DeliveriesOptions): Promise<Exit> {
  const page = await (await hub()).get<Page<Delivery>>(pathOf(id, `/deliveries${queryString({ limit: options.limit })}`))
  if (terminal.json) await terminal.document(page)
  else if (page.data.length === 0) terminal.note("There are no deliveries yet.")
  else {
    const rows = page.data.map((each) => [
      each.id,
      when(each.createdAt),
      each.type,
      each.state,
      String(each.attempts),
      String(each.lastStatus ?? each.lastError ?? ""),
      each.nextAttemptAt === null ? "" : when(each.nextAttemptAt),
    ])
    await terminal.write(table(["ID", "AT", "TYPE", "STATE", "TRIES", "ANSWER", "NEXT"], rows, { width: terminal.width, header: terminal.bold }))
  }
  return EXIT.ok
}

/** Sends a delivery again. */
export async function redeliver({ terminal, hub }: Cli, id: string, delivery: string): Promise<Exit> {
  const again = await (await hub()).post<Delivery>(pathOf(id, `/deliveries/${encodeURIComponent(delivery)}/redeliver`))
  if (terminal.json) await terminal.document(again)
  else await terminal.line(`Queued ${again.id} again.`)
  return EXIT.ok
}

const stateOf = ({ enabled, disabled, failingSince }: Webhook): string =>
  enabled ? (failingSince === null ? "on" : `on, but failing since ${when(failingSince)}`) : `off since ${when(disabled?.at)}: ${disabled?.reason ?? ""}`
