import { openConfig, parseConfig } from "../../src/core/config.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import { type OpenOptions, open, type Session } from "../../src/core/session.ts"
import type { LeaseOptions, OpenLease } from "../../src/net/door.ts"
import type { Posted, Running } from "../fixtures/fixture.ts"
import { evaluate } from "../support/evaluator.ts"
import { testLease } from "../support/lease.ts"

/** What a claim is held against. */
export interface Subject {
  readonly connector: AnyConnector
  readonly server: Running
}

/** A posted config as `connect` gets it; a config with faults fails the claim. */
export function opened(connector: AnyConnector, posted: Posted): Record<string, unknown> {
  const { plain, secrets, faults, missing } = parseConfig(connector.fields, posted)
  const wrong = [...faults, ...missing]
  if (wrong.length > 0) throw new Error(`the config has faults: ${JSON.stringify(wrong)}`)
  const values = [...secrets].map(([pointer, change]): [string, string] => [pointer, change === "keep" ? "" : change.value])
  return openConfig(connector.fields, plain, new Map(values))
}

/** Opens the connector as the hub does, works with it, and closes both session and lease. */
export async function withSession<T>(
  { connector }: Pick<Subject, "connector">,
  posted: Posted,
  work: (session: Session, lease: OpenLease) => Promise<T>,
  options: OpenOptions & Partial<LeaseOptions> = {},
): Promise<T> {
  const lease = testLease(options)
  try {
    const session = await open(connector, opened(connector, posted), lease, { evaluate, ...options })
    try {
      return await work(session, lease)
    } finally {
      await session.close()
    }
  } finally {
    await lease.close()
  }
}
