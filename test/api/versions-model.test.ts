import fc from "fast-check"
import { beforeAll, expect, it } from "vitest"
import type { Principal } from "../../src/hub/base/principal.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

/** A connector in the model: two plain parts and two secrets. */
interface State {
  readonly user: string
  readonly database: string
  readonly password: string | undefined
  readonly title: string
}
interface Slot {
  readonly user?: string
  readonly password?: string | null
}
interface Model {
  current: State
  readonly versions: State[]
  staged: Slot | undefined
  previous: { readonly version: number; readonly fields: readonly (keyof Slot)[] } | undefined
}

type Step =
  | { readonly do: "patch"; readonly config: Partial<Record<"user" | "database", string>> & { password?: string | null }; readonly title?: string }
  | { readonly do: "restore"; readonly version: number }
  | { readonly do: "stage"; readonly slot: Slot }
  | { readonly do: "switch" | "rollback" | "discard" }

const word = fc.constantFrom("a", "b", "c")
const password = fc.constantFrom("p1", "p2", "p3", null)
const slot = fc.record({ user: word, password }, { requiredKeys: [] }).filter((each) => Object.keys(each).length > 0) as fc.Arbitrary<Slot>
const steps = fc.array(
  fc.oneof(
    fc.record(
      { do: fc.constant("patch" as const), config: fc.record({ user: word, database: word, password }, { requiredKeys: [] }), title: word },
      { requiredKeys: ["do", "config"] },
    ),
    fc.record({ do: fc.constant("restore" as const), version: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant("stage" as const), slot }),
    fc.record({ do: fc.constantFrom("switch" as const, "switch" as const, "rollback" as const, "discard" as const) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 12 },
)

const over = (state: State, { user, password: given }: Slot): State => ({
  ...state,
  ...(user === undefined ? {} : { user }),
  ...(given === undefined ? {} : { password: given ?? undefined }),
})

/** Applies a step to the model; returns the error code if it is rejected. */
function apply(model: Model, step: Step): string | undefined {
  const become = (state: State, always: boolean): void => {
    if (!always && JSON.stringify(state) === JSON.stringify(model.current)) return
    model.current = state
    model.versions.push(state)
  }
  switch (step.do) {
    case "patch": {
      const { database, ...login } = step.config
      become(
        { ...over(model.current, login), ...(database === undefined ? {} : { database }), ...(step.title === undefined ? {} : { title: step.title }) },
        false,
      )
      return
    }
    case "restore": {
      const found = model.versions[step.version - 1]
      if (found === undefined) return "not_found"
      become(found, true)
      return
    }
    case "stage":
      model.staged = step.slot
      return
    case "discard":
    case "switch": {
      if (model.staged === undefined) return "credentials_missing"
      if (step.do === "switch") {
        model.previous = { version: model.versions.length, fields: Object.keys(model.staged) as (keyof Slot)[] }
        become(over(model.current, model.staged), true)
      }
      model.staged = undefined
      return
    }
    case "rollback": {
      if (model.previous === undefined) return "credentials_missing"
      const { version, fields } = model.previous
      const before = model.versions[version - 1] as State
      model.previous = { version: model.versions.length, fields }
      become({ ...model.current, ...Object.fromEntries(fields.map((field) => [field, before[field]])) }, true)
      return
    }
  }
}

let by: Principal

const hub = use(() => startHub())
beforeAll(async () => {
  by = await hub.served.hub.identity.authenticate(hub.key, undefined)
})

it("config and secrets match a model at every version, after any sequence of patches, restores, stagings, switches and rollbacks", async () => {
  const { connectors, versions, credentials } = hub.served.hub
  let number = 0
  const take = async (id: string, step: Step): Promise<unknown> => {
    switch (step.do) {
      case "patch":
        return connectors.patch(by, id, { config: step.config, ...(step.title === undefined ? {} : { title: step.title }) })
      case "restore":
        return versions.restore(by, id, step.version)
      case "stage":
        return credentials.stage(by, id, step.slot as Record<string, unknown>)
      case "switch":
        return credentials.switch(by, id, { force: true })
      default:
        return credentials[step.do](by, id)
    }
  }
  const seen = async (id: string): Promise<State> => {
    const { config, title } = await connectors.get(by, id)
    const password = (await connectors.maskedSecrets(by, id, (value) => value)).get("/password")
    return { user: String(config["user"]), database: String(config["database"]), password, title }
  }
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const first: State = { user: "a", database: "a", password: "p0", title: `m${++number}` }
      const config = { host: "db.example.com", user: first.user, database: first.database, password: first.password }
      const { id } = await connectors.create(by, { name: first.title, type: "postgres", config })
      const model: Model = { current: first, versions: [first], staged: undefined, previous: undefined }
      for (const step of taken) {
        const expected = apply(model, step)
        const code = await take(id, step).then(
          () => undefined,
          (error: { code: string }) => error.code,
        )
        expect([step, code]).toEqual([step, expected])
        expect(await seen(id)).toEqual(model.current)
      }
      expect((await connectors.get(by, id)).version).toBe(model.versions.length)
      for (const [index, state] of [...model.versions].entries()) {
        await versions.restore(by, id, index + 1)
        expect(await seen(id), `version ${index + 1}`).toEqual(state)
      }
      await connectors.remove(by, id)
    }),
    { numRuns: 40 },
  )
}, 120_000)
