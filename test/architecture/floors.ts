import { importsOf, isTest, type Source, target, under } from "./sources.ts"

/** The floors inside a folder, from the ground up. A file imports the floors below its own, and nothing else on its own floor but its own room. */
const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "src/hub": [
    ["base"],
    ["audit"],
    ["people", "uploads", "egress.ts", "idempotency.ts"],
    ["parts.ts", "first-start.ts"],
    ["webhooks", "probes"],
    ["connectors"],
    ["checks", "catalogs"],
    ["queries", "declarative", "onboarding.ts"],
    ["hub.ts"],
  ],
  "src/connectors/shared": [["*.ts"], ["http"], ["aws", "azure", "google"], ["sql", "files"], ["sftp"]],
}

/** A place in a house of floors: its floor, and its room, which is a folder or a file of its own. */
interface Place {
  readonly house: string
  readonly floor: number
  readonly room: string
}

/** The house that a path lies in, with its place there; a floor of -1 when it has none. */
function placeOf(path: string): Place | undefined {
  const house = Object.keys(FLOORS).find((each) => path.startsWith(`${each}/`))
  if (house === undefined) return undefined
  const [name = "", ...rest] = path.slice(house.length + 1).split("/")
  const loose = rest.length === 0 && (FLOORS[house] ?? []).some((rooms) => rooms.includes("*.ts"))
  const room = loose ? "*.ts" : name
  return { house, floor: (FLOORS[house] ?? []).findIndex((rooms) => rooms.includes(room)), room }
}

/** Inside `hub` and `connectors/shared` imports point down, from floor to floor. */
export function floors(source: Source): string[] {
  const mine = placeOf(source.path)
  if (mine === undefined || isTest(source.path)) return []
  if (mine.floor < 0) return [`${source.path} is on no floor of ${mine.house}; give ${mine.room} a floor in test/architecture/floors.ts.`]
  return importsOf(source.text).flatMap((each) => {
    const to = target(source, each)
    const theirs = placeOf(to)
    if (theirs?.house !== mine.house || theirs.room === mine.room || (theirs.floor >= 0 && theirs.floor < mine.floor)) return []
    return [`${source.path} imports ${to}; in ${mine.house}, ${mine.room} imports only the floors below it.`]
  })
}

/** The files that may open a session; every other use of a connector goes through the first of them. */
const OPENERS = ["src/hub/connectors/uses.ts", "src/hub/probes/probe.ts"]
const USERS = ["src/hub", "src/runs", "src/api", "src/compat"]

/** A connector is opened by `uses.ts` and by probes alone. */
export function oneWayToUse(source: Source): string[] {
  if (OPENERS.includes(source.path) || isTest(source.path) || !USERS.some((folder) => under(source.path, folder))) return []
  return importsOf(source.text)
    .filter((each) => each.kind !== "type" && target(source, each) === "src/core/session.ts")
    .map(() => `${source.path} opens sessions itself; use a connector through ${OPENERS[0]}.`)
}
