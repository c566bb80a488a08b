import { PlatformError } from "../../src/core/errors.ts"

/** The PlatformError that the work ends with; anything else fails the claim. */
export async function failure(work: Promise<unknown>): Promise<PlatformError> {
  try {
    await work
  } catch (error) {
    if (error instanceof PlatformError) return error
    throw new Error("an error that is not ours came out", { cause: error })
  }
  throw new Error("it succeeded, and should have failed")
}
