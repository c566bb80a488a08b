import { type AnyConnector, capabilities, type Verb } from "../../src/core/connector.ts"
import { absentVerbs, closesClean, formComplete, noSecretLeaves } from "./claims/always.ts"
import { bytesAreRows } from "./claims/bytes.ts"
import { badStatement, cancelled, hardRow, resetsClean } from "./claims/calls.ts"
import { closedPort, everyWayIn, silentServer, testPasses, wrongName, wrongSecret } from "./claims/connecting.ts"
import { readsSince, refusesCursors, resumesBySlice, slicesAreTheWhole } from "./claims/parts.ts"
import { adds, creates, widens } from "./claims/shaping.ts"
import { discovers, pagesLikeOneShot, resumes, upsertsTwice } from "./claims/streams.ts"
import { appendsRowByRow, commitsOnce, deletes, lastOfEqualKeysWins, quotesNames } from "./claims/writing.ts"
import type { Subject } from "./context.ts"

/** What a claim may need of a type: a verb, or a part of the contract that no verb of its own stands for. */
export type Ability = Verb | "since" | "commit" | "upsert" | "delete" | "reset"

const PARTS: Readonly<Record<Exclude<Ability, Verb>, (connector: AnyConnector) => boolean>> = {
  since: ({ plans }) => plans?.includes("since") === true,
  commit: ({ commits = "none" }) => commits !== "none",
  upsert: (connector) => connector.upserts === true,
  delete: (connector) => connector.deletes === true,
  reset: ({ reset }) => reset !== undefined,
}

/** Whether a type has everything that a claim needs. */
export const concerns = ({ needs = [] }: Promised, connector: AnyConnector): boolean =>
  needs.every((each) => (each in PARTS ? PARTS[each as keyof typeof PARTS](connector) : capabilities(connector).includes(each as Verb)))

/** One promise of every connector type. `needs`: a type that lacks one of these has nothing to promise here. */
export interface Promised {
  readonly name: string
  readonly needs?: readonly Ability[]
  /** Throws when the promise is broken. */
  hold(subject: Subject): Promise<void>
}

/** In the order of a connector's life: its form, its login, what it finds, reads and writes, and its end. */
export const claims = [
  { name: "form complete", hold: formComplete },
  { name: "test passes", hold: testPasses },
  { name: "every way in", hold: everyWayIn },
  { name: "wrong secret", hold: wrongSecret },
  { name: "closed port", hold: closedPort },
  { name: "silent server", hold: silentServer },
  { name: "TLS name mismatch", hold: wrongName },
  { name: "no secret leaves", hold: noSecretLeaves },
  { name: "discover", needs: ["discover"], hold: discovers },
  { name: "hard row", hold: hardRow },
  { name: "paging equals one shot", needs: ["read"], hold: pagesLikeOneShot },
  { name: "resume", needs: ["read"], hold: resumes },
  { name: "bad cursors", needs: ["read"], hold: refusesCursors },
  { name: "since", needs: ["since"], hold: readsSince },
  { name: "slices are the whole", needs: ["slices"], hold: slicesAreTheWhole },
  { name: "resume by slice", needs: ["slices"], hold: resumesBySlice },
  { name: "bytes equal rows", needs: ["readBytes"], hold: bytesAreRows },
  { name: "upsert twice", needs: ["upsert"], hold: upsertsTwice },
  { name: "create", needs: ["shape"], hold: creates },
  { name: "add", needs: ["shape"], hold: adds },
  { name: "widen", needs: ["shape"], hold: widens },
  { name: "append reports row by row", needs: ["write", "shape"], hold: appendsRowByRow },
  { name: "last of equal keys wins", needs: ["upsert", "shape"], hold: lastOfEqualKeysWins },
  { name: "delete", needs: ["delete", "shape"], hold: deletes },
  { name: "names are quoted", needs: ["upsert", "shape"], hold: quotesNames },
  { name: "same commit twice is once", needs: ["commit", "shape"], hold: commitsOnce },
  { name: "bad statement", hold: badStatement },
  { name: "cancel", hold: cancelled },
  { name: "reset leaves nothing", needs: ["reset"], hold: resetsClean },
  { name: "close", hold: closesClean },
  { name: "absent verb", hold: absentVerbs },
] as const satisfies readonly Promised[]

export type Claim = (typeof claims)[number]
