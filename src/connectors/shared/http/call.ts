import type { Call, Room } from "../../../core/call.ts"

/** What a request needs of the call that it is made for. The call of a verb is one; so is a bare lease, which has no limits and keeps no tokens. `answerRoom` is for the answer, if it is large. */
export type HttpCall = Pick<Call, "signal" | "remainingMs"> & Partial<Pick<Call, "turn" | "token" | "scrub" | "measure">> & { readonly answerRoom?: Room }
