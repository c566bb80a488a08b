import { expect, test } from "vitest"
import { PlatformError } from "../../../core/errors.ts"
import { retrying } from "../../../core/retry.ts"
import { codesOf } from "./errors.ts"
import { httpErrors, refused, saidOf } from "./http-errors.ts"

const errors = httpErrors({ product: "Warehouse", login: "user", codes: codesOf({ query_invalid: ["duplicate"] }), isRowFault: () => false })

test("what a refusal said is known also when it came to a later try", async () => {
  const tries = [new PlatformError("connection_lost", "The connection broke."), refused(errors, 409, { code: "duplicate", message: "Already there" })]
  const clock = { random: () => 0, wait: () => Promise.resolve() }
  const again = (error: unknown) => (saidOf(error) === undefined ? { reason: "connection_lost" } : undefined)
  const error = await retrying(async (attempt) => Promise.reject(tries[attempt - 1]), { most: 3, again }, clock).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: "query_invalid", details: { attempts: 2 } })
  expect(saidOf(error)).toMatchObject({ code: "duplicate", text: "Already there" })
})

test("an error of ours that a refusal only caused says nothing of its own", () => {
  const cause = refused(errors, 404, { code: "duplicate" })
  expect(saidOf(new PlatformError("database_not_found", "There is no such dataset.", { cause }))).toBeUndefined()
})
