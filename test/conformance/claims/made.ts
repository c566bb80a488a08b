import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import type { Session } from "../../../src/core/session.ts"
import type { Stream, WantedStream } from "../../../src/core/streams.ts"
import type { Column, Row } from "../../../src/core/values.ts"
import { column } from "../../fixtures/fixture.ts"
import { rowsOf } from "../../support/batches.ts"
import { type Subject, withSession } from "../context.ts"

// Claims about writing create their own streams with the type's `shape`, so that a fixture gives no more than a place for them.

export const ID: Column = { ...column("id", "integer", "", false), precision: 32 }
export const NAME: Column = { ...column("name", "string"), maxLength: 10 }

/** A stream that no claim has created yet. */
export function wanted({ server }: Subject, columns: readonly Column[] = [ID, NAME], key: readonly string[] = ["id"], name = "made"): WantedStream {
  assert.ok(server.makes, "the fixture names the place of new streams (`makes`), or for the claim on `since` a stream of its own (`since`)")
  const own = `${name} ${randomBytes(4).toString("hex")}`
  return { path: [...server.makes, server.unnamed === undefined ? own : own.replace(server.unnamed, "_")], columns, key }
}

export const streamOf = ({ path, columns, key }: WantedStream): Stream => ({ path, kind: "table", columns, key })

/** Creates a stream. */
export async function made(subject: Subject, columns?: readonly Column[], key?: readonly string[], name?: string): Promise<Stream> {
  const stream = wanted(subject, columns, key, name)
  const steps = await inSession(subject, (session) => session.shape(stream, true))
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ["create"],
  )
  return streamOf(stream)
}

/** Work in a session of its own. */
export const inSession = <T>(subject: Subject, work: (session: Session) => Promise<T>): Promise<T> => withSession(subject, subject.server.config, work)

/** All rows, in the order of the texts of their keys. */
export async function rowsIn(subject: Subject, stream: Stream): Promise<Row[]> {
  const keyOf = (row: Row): string => stream.key.map((name) => String(row[name]).padStart(12)).join()
  const rows = narrow(subject, stream, await inSession(subject, (session) => rowsOf(session.read(stream))))
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** Rows with integers as numbers, from a system whose only type of integers is so wide that it gives them as texts. */
export function narrow({ server }: Subject, { columns }: Pick<Stream, "columns">, rows: readonly Row[]): Row[] {
  const integers = new Set(server.wideIntegers === true ? columns.filter(({ type }) => type === "integer").map(({ name }) => name) : [])
  const number = ([name, value]: readonly [string, Row[string]]) => [name, integers.has(name) && value !== null ? Number(value) : value] as const
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(number)))
}
