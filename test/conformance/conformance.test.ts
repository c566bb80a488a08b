import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import { besideServers, projectsOf, type Running } from "../fixtures/fixture.ts"
import { fixtures } from "../fixtures/index.ts"
import { printMatrix } from "../support/print-matrix.ts"
import { waivers } from "../waivers.ts"
import { claims, concerns, type Promised } from "./claims.ts"

type Cell = "passed" | "FAILED" | "waived" | "no verb" | "servers"
const table = new Map<string, Map<string, Cell>>()

test("every type has a fixture that says its proof, and every waiver names a type, a claim and a reason", () => {
  expect(fixtures.map(({ type, proof }) => ({ type, proof }))).toEqual(connectors.map(({ type, proof }) => ({ type, proof })))
  for (const { type, claim, reason } of waivers) {
    expect(connectors.map((each) => each.type)).toContain(type)
    expect(claims.map(({ name }) => name)).toContain(claim)
    expect(reason.length).toBeGreaterThan(20)
  }
})

const here = besideServers() ? "servers" : "node"

test("every type's claims are held in this project or the other, and beside the servers all of them", async () => {
  for (const fixture of fixtures) expect(projectsOf(fixture), fixture.type).toContain("servers")
  expect(fixtures.filter((fixture) => projectsOf(fixture).includes(here)).map(({ type }) => type)).toEqual(
    [...table.keys()].filter((type) => !elsewhere.has(type)),
  )
  if (here === "servers") expect([...elsewhere]).toEqual([])
})

/** Types whose proof needs `npm run test:servers`. */
const elsewhere = new Set(fixtures.filter((fixture) => !projectsOf(fixture).includes(here)).map(({ type }) => type))

for (const connector of connectors) {
  const { type } = connector
  if (elsewhere.has(type)) {
    table.set(type, new Map(claims.map(({ name }) => [name, "servers"])))
    test.skip(`${type}: its proof needs a server of Debian's, npm run test:servers has it`)
    continue
  }
  describe(type, () => {
    const cells = new Map<string, Cell>()
    table.set(type, cells)
    let server: Running | undefined
    beforeAll(async () => {
      server = await fixtures.find((fixture) => fixture.type === type)?.start()
    })
    afterAll(async () => server?.[Symbol.asyncDispose]())

    for (const claim of claims satisfies readonly Promised[] as readonly Promised[]) {
      if (!concerns(claim, connector)) {
        cells.set(claim.name, "no verb")
        continue
      }
      const waiver = waivers.find((each) => each.type === type && each.claim === claim.name)
      test(`${claim.name}${waiver ? ` (waived: ${waiver.reason})` : ""}`, async () => {
        if (server === undefined) throw new Error(`${type} has no fixture`)
        cells.set(claim.name, "FAILED")
        const held = claim.hold({ connector, server })
        if (waiver) {
          await expect(held, "this waiver's claim is kept after all; take the waiver out").rejects.toThrow()
          cells.set(claim.name, "waived")
          return
        }
        await held
        cells.set(claim.name, "passed")
      })
    }
  })
}

afterAll(() => {
  const types = [...table.keys()]
  const proofs = types.map((type) => fixtures.find((fixture) => fixture.type === type)?.proof ?? "none")
  const rows = claims.map(({ name }): [string, string[]] => [name, types.map((type) => table.get(type)?.get(name) ?? "not run")])
  printMatrix("claim", types, [...rows, ["proof", proofs]], 10)
})
