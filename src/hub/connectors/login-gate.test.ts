import { describe, expect, it } from "vitest"
import { PlatformError } from "../../core/errors.ts"
import { type Credential, LoginGate, type LoginUse } from "./login-gate.ts"

const refused = () => new PlatformError("credentials_refused", "refused")
const credential = (more: Partial<Credential> = {}): Credential => ({ id: "a", version: 1, readAt: performance.now(), secret: true, ...more })

/** How often credentials were tried when `uses` of them come at once and each try ends as `outcome` says. */
async function tries(uses: number, outcome: (use: LoginUse) => void, gate = new LoginGate(), given = credential()): Promise<{ tried: number; told: string[] }> {
  let tried = 0
  const told = await Promise.all(
    Array.from({ length: uses }, async () => {
      try {
        const use = await gate.enter(given, refused)
        tried++
        await new Promise((resolve) => setImmediate(resolve))
        outcome(use)
        use.done()
        return "tried"
      } catch (error) {
        return (error as PlatformError).code
      }
    }),
  )
  return { tried, told }
}

describe("the login gate", () => {
  it("50 uses of wrong credentials are one login, and 49 refusals", async () => {
    const { tried, told } = await tries(50, (use) => void use.failed({ code: "auth_failed" }))
    expect([tried, told.filter((each) => each === "credentials_refused").length]).toEqual([1, 49])
  })

  it("all go on when the first works, at once from then on, and another failure holds nobody up", async () => {
    const gate = new LoginGate()
    expect((await tries(50, (use) => use.worked(), gate)).tried).toBe(50)
    expect((await tries(50, (use) => void use.failed({ code: "connection_lost" }), gate)).tried).toBe(50)
    expect((await tries(50, (use) => void use.failed({ code: "host_unreachable" }))).tried).toBe(50)
    expect((await tries(50, (use) => void use.failed({ code: "auth_failed", details: { status: 403 } }))).tried, "an HTTP 403").toBe(50)
  })

  it("proven credentials that are refused are refused to all that were read before, and to nobody who reads them after", async () => {
    const gate = new LoginGate()
    const before = credential()
    await tries(1, (use) => use.worked(), gate)
    const use = await gate.enter(before, refused)
    expect(use.failed({ code: "tunnel_auth_failed" })).toBe(true)
    await expect(gate.enter(before, refused)).rejects.toMatchObject({ code: "credentials_refused" })
    const after = await tries(50, (each) => void each.failed({ code: "auth_failed" }), gate, credential({ readAt: performance.now() + 0.001 }))
    expect(after.tried).toBe(1)
  })

  it("another version is not proven; what has no secret waits for nobody; a caller who goes is not held", async () => {
    const gate = new LoginGate()
    const first = await gate.enter(credential(), refused)
    first.worked()
    const holder = await gate.enter(credential({ version: 2 }), refused)
    await gate.enter(credential({ version: 3, secret: false }), refused)
    const caller = new AbortController()
    const waiting = gate.enter(credential({ version: 2 }), refused, caller.signal)
    caller.abort()
    await waiting
    holder.done()
    await gate.enter(credential({ version: 2 }), refused)
  })
})
