import { openConfig, parseConfig } from "../../src/core/config.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import { PlatformError } from "../../src/core/errors.ts"
import { type OpenOptions, open, type Session } from "../../src/core/session.ts"
import type { LeaseOptions, OpenLease } from "../../src/net/door.ts"
import type { Posted, Running } from "../fixtures/fixture.ts"
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
    const session = await open(connector, opened(connector, posted), lease, options)
    try {
      return await work(session, lease)
    } finally {
      await session.close()
    }
  } finally {
    await lease.close()
  }
}

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

/** Everything that an iterable yields. */
export async function collect<T>(each: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of each) all.push(one)
  return all
}

/** Asks until the answer is as wanted, for at most `ms`. */
export async function within(ms: number, wanted: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    if (await wanted()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not within ${ms} ms: ${what}`)
}
