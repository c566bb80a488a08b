import type { HubParts } from "../parts.ts"
import type { Probes } from "../probes/probes.ts"
import type { LoginGate } from "./login-gate.ts"
import type { Tokens } from "./tokens.ts"
import type { WarmSessions } from "./warm-sessions.ts"

/** The parts that connectors stand on. */
export interface ConnectorParts extends HubParts {
  readonly probes: Probes
  readonly tokens: Tokens
  readonly logins: LoginGate
  readonly warm: WarmSessions
}
