import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { type Echo, throughDataBrain, throughDatabar, throughKaireon, throughSquared, type Wire } from "./canaries/compat.ts"
import { type FarSide, startFarSide } from "./canaries/far-side.ts"
import { Ledger } from "./canaries/ledger.ts"
import { Search } from "./canaries/search.ts"
import { searchDatabase, searchFiles } from "./canaries/sinks.ts"
import { CANARIES } from "./canaries/values.ts"

const KEY = "an-editor-by-all-compatible-apis"
const ledger = new Ledger(new Search(CANARIES))
const echoes: Echo[] = []
const masks: unknown[] = []
let data: DataFolder
let hub: HubProcess
let far: FarSide

beforeAll(async () => {
  data = makeDataFolder()
  far = await startFarSide(CANARIES)
  hub = startHubProcess(data.dir, { env: { JACKFIELD_LOG: "debug", JACKFIELD_ADMIN_KEY: KEY } })
  await hub.ready
  for (const [index, canary] of CANARIES.entries()) {
    const wire: Wire = { hub, ledger, canary, index, port: far.port, key: KEY }
    const [echo, , mask] = await Promise.all([throughDatabar(wire), throughSquared(wire), throughKaireon(wire), throughDataBrain(wire)])
    echoes.push(echo)
    masks.push(mask)
  }
}, 600_000)
afterAll(async () => {
  await hub?.end()
  await data?.remove()
  await far?.close()
})

const none = () => expect(ledger.hits.slice(0, 10)).toEqual([])

describe("forty canaries through the four compatible APIs", () => {
  it("were sent everywhere", () => {
    process.stdout.write(`\n${ledger.summary()}\n${far.told} repeated by a remote system\n`)
    for (const action of ["databar: create", "aisquared: create", "kaireon: test", "databrain: create"])
      expect(ledger.actions.get(action), action).toBe(CANARIES.length)
    expect(far.told).toBeGreaterThanOrEqual(2 * CANARIES.length)
  })

  it("are in no answer", none)

  it("except in Databar's create, which repeats the caller's own values", () => {
    for (const [index, { sent, answer }] of echoes.entries()) {
      expect(answer.status, answer.text).toBe(201)
      expect(answer.body).toMatchObject(sent)
      expect(ledger.search.in(answer.text).map(({ about }) => about)).toContain(CANARIES[index]?.about)
    }
  })

  it("except for the first and last two characters of longer values in KaireonAI's test", () => {
    for (const [index, { value }] of CANARIES.entries()) {
      const shown = value.length > 8 ? `${value.slice(0, 2)}***${value.slice(-2)}` : "****"
      expect(masks[index], CANARIES[index]?.about).toBe(shown)
    }
  })

  it("are in no line of the log, no column of the database and no file", async () => {
    ledger.out("log", hub.stdout() + hub.stderr())
    expect(await searchDatabase(data, ledger)).toBeGreaterThan(8)
    expect(searchFiles(data, ledger)).toBeGreaterThan(100)
    process.stdout.write(
      `\ncanaries: ${CANARIES.length} × 4 compatible APIs × ${ledger.actions.size} actions × ${ledger.sinks.size} sinks; ${ledger.search.searched} bytes searched; hits ${ledger.hits.length}\n`,
    )
    none()
  })
})
