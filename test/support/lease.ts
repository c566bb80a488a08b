import { Door, type LeaseOptions, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { standInCa, standIns } from "./stand-ins.ts"

/** Names that lead to this machine in tests; the first is in the test servers' certificates, the second in none. */
export const SERVER_NAME = "db.example.test"
export const OTHER_NAME = "other.example.test"

/** The real door, for tests: loopback is allowed and nothing else that is private; fixtures may have put stand-ins in vendors' places. */
export const testDoor = (): Door => {
  const extraCa = standInCa()
  return new Door({
    standIns,
    ...(extraCa === undefined ? {} : { extraCa }),
    policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8,::1/128") }),
    resolver: new Resolver({
      hosts: new Map([
        [SERVER_NAME, ["127.0.0.1"]],
        [OTHER_NAME, ["127.0.0.1"]],
      ]),
    }),
  })
}

/** A lease of the test door, 20 s and an operator's unless said otherwise. */
export const testLease = (options: Partial<LeaseOptions> = {}): OpenLease => testDoor().lease({ deadlineMs: 20_000, operator: true, ...options })
