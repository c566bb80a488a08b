import type { Verb } from "../../src/core/connector.ts"
import { absentVerbs, closesClean, formComplete, noSecretLeaves } from "./claims/always.ts"
import { badStatement, cancelled, hardRow } from "./claims/calls.ts"
import { closedPort, everyWayIn, silentServer, testPasses, wrongName, wrongSecret } from "./claims/connecting.ts"
import { discovers, pagesLikeOneShot, resumes, upsertsTwice } from "./claims/streams.ts"
import type { Subject } from "./context.ts"

/** One promise of every connector type. `needs`: a type without any of these verbs has nothing to promise here. */
export interface Promised {
  readonly name: string
  readonly needs?: readonly Verb[]
  /** Throws when the promise is broken. */
  hold(subject: Subject): Promise<void>
}

/** The list, in its order. */
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
  { name: "upsert twice", needs: ["write"], hold: upsertsTwice },
  { name: "bad statement", hold: badStatement },
  { name: "cancel", hold: cancelled },
  { name: "close", hold: closesClean },
  { name: "absent verb", hold: absentVerbs },
] as const satisfies readonly Promised[]

export type Claim = (typeof claims)[number]
