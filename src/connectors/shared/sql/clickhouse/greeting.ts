import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { HttpRequest } from "../../../../core/http/request.ts"
import type { HttpClient } from "../../http/client.ts"
import { END, NAMES, type Settings } from "./settings.ts"

/** What a server says of itself and of the user's profile. */
export interface Greeting {
  readonly version: string
  /** The setting `readonly` of the profile. */
  readonly readonly: number
  /** The version takes parameters, and marks the end of a result. */
  readonly whole: boolean
  /** Those of the settings that the server has. */
  only(settings: Settings): Settings
  /** The setting by which the server ends a statement: after so many milliseconds, or sooner if the profile or the connector's settings say so. */
  timeLimit(ms: number, own: Settings): Settings
}

/** The same rows in both; a version that knows the first takes parameters as well. */
export const MARKED = "CustomSeparatedWithNamesAndTypes"
export const PLAIN = "TabSeparatedWithNamesAndTypes"
const TIME = "max_execution_time"
/** Every version and every profile takes it. The columns of the settings differ by version. */
const HELLO = `SELECT version() AS hub_version, (SELECT count() FROM system.formats WHERE name = '${MARKED}') AS hub_marked, *
FROM system.settings WHERE name IN (${[...NAMES, TIME].map((name) => `'${name}'`).join(", ")})`

/** Asks the server what it is; `requestOf` makes a request with these parameters and this statement. Throws `protocol_invalid` if it is no ClickHouse. */
export async function greet(url: URL, client: HttpClient, requestOf: (parameters: Settings, sql: string) => HttpRequest, call: Call): Promise<Greeting> {
  const answer = await client.send(requestOf({ default_format: PLAIN }, HELLO), call)
  const [names = [], , ...lines] = answer.body
    .toString("utf8")
    .split("\n")
    .map((line) => line.split("\t"))
  const [first, ...others] = lines.filter((cells) => cells.length === names.length).map((cells) => new Map(names.map((name, at) => [name, cells[at] ?? ""])))
  const version = first?.get("hub_version")
  if (first === undefined || version === undefined)
    throw new PlatformError("protocol_invalid", `${url.origin} does not answer as ClickHouse's HTTP interface does; check host, port and path.`)
  const said = new Map([first, ...others].map((row) => [row.get("name"), row]))
  const time = said.get(TIME)
  return {
    version,
    readonly: Number(said.get("readonly")?.get("value") ?? 0),
    whole: first.get("hub_marked") !== "0" && said.has(END),
    only: (settings) => Object.fromEntries(Object.entries(settings).filter(([name]) => said.has(name))),
    timeLimit(ms, own) {
      // A profile may keep its users from changing it, or from setting more than so many seconds. 0 is no limit.
      if (time?.get("readonly") === "1") return {}
      const limits = [Math.max(1, Math.ceil(ms / 1_000)), Number(own[TIME] ?? time?.get("value")), Number(time?.get("max"))]
      return { [TIME]: String(Math.min(...limits.filter((each) => each > 0))) }
    },
  }
}
