import assert from "node:assert/strict"
import type { Session } from "../../../src/core/session.ts"
import type { Cursor, Discovered, Stream, WriteReport } from "../../../src/core/streams.ts"
import type { Value } from "../../../src/core/values.ts"
import { collect } from "../../support/batches.ts"
import { type Subject, withSession } from "../context.ts"

/** The seeded stream with types and key, what was skipped with reasons, and a count that adds up. */
export async function discovers(subject: Subject): Promise<void> {
  const { catalog } = subject.server
  assert.ok(catalog, "the fixture says what there is")
  const found: Discovered[] = await withSession(subject, subject.server.config, (session) => collect(session.discover()))
  const streams = found.flatMap((each) => ("stream" in each ? [each.stream] : []))
  const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
  const counted = found.flatMap((each) => ("counted" in each ? [each.counted] : []))
  const seeded = streams.find(({ path }) => path.join("/") === catalog.stream.path.join("/"))
  assert.ok(seeded, "the seeded stream is there")
  assert.deepEqual(
    { columns: seeded.columns, key: seeded.key, kind: seeded.kind },
    { columns: catalog.stream.columns, key: catalog.stream.key, kind: catalog.stream.kind },
  )
  for (const path of catalog.skipped) {
    const skip = skipped.find((each) => each.path.join("/") === path.join("/"))
    assert.ok(skip && skip.reason.length > 10, `${path.join(".")} is skipped with a reason`)
  }
  assert.equal(counted.length, 1, "the system's own count comes once")
  assert.equal(streams.length + skipped.length, counted[0]?.total, "streams and skipped add up to the count")
  assert.equal(
    Object.values(counted[0]?.byKind ?? {}).reduce((sum, many) => sum + many, 0),
    counted[0]?.total,
  )
}

type Rows = (readonly Value[])[]

async function all(session: Session, stream: Stream): Promise<Rows> {
  const rows: Rows = []
  for await (const batch of session.read(stream)) rows.push(...batch.rows)
  return rows
}

/** The first batch behind the cursor, in a session of its own. */
async function page(subject: Subject, stream: Stream, cursor: Cursor | undefined, batchRows: number): Promise<{ rows: Rows; cursor: Cursor | undefined }> {
  return await withSession(
    subject,
    subject.server.config,
    async (session) => {
      for await (const batch of session.read(stream, { after: cursor })) return { rows: [...batch.rows], cursor: batch.cursor }
      return { rows: [], cursor: undefined }
    },
    { batchRows },
  )
}

function seededPages({ server }: Subject): NonNullable<Subject["server"]["pages"]> {
  assert.ok(server.pages, "the fixture has a stream to page through")
  return server.pages
}

/** Whether a batch of one read ends, with a cursor, after so many rows. */
async function endsAfter(subject: Subject, stream: Stream, rows: number): Promise<boolean> {
  let given = 0
  const read = async (session: Session): Promise<boolean> => {
    for await (const batch of session.read(stream)) {
      given += batch.rows.length
      if (given >= rows) return given === rows && batch.cursor !== undefined
    }
    return false
  }
  return await withSession(subject, subject.server.config, read, { batchRows: rows })
}

/**
 * Page by page, each from the last one's cursor, gives what one read gives, in the same order; and a read has a cursor
 * after as many rows as its caller wants at a time.
 */
export async function pagesLikeOneShot(subject: Subject): Promise<void> {
  const { stream, rows } = seededPages(subject)
  const whole = await withSession(subject, subject.server.config, (session) => all(session, stream))
  assert.equal(whole.length, rows)
  const paged: Rows = []
  let cursor: Cursor | undefined
  for (let pages = 0; pages <= rows; pages++) {
    const next = await page(subject, stream, cursor, 11)
    if (next.rows.length === 0) break
    paged.push(...next.rows)
    assert.ok(next.cursor !== undefined && next.cursor !== cursor, "each page gives a cursor of its own")
    cursor = next.cursor
  }
  assert.deepEqual(paged, whole)
  for (const wanted of [1, 7, rows - 1]) assert.ok(await endsAfter(subject, stream, wanted), `a batch ends after ${wanted} rows`)
}

/** A read that was cut off goes on from its last cursor: no row twice, none left out. */
export async function resumes(subject: Subject): Promise<void> {
  const { stream, rows } = seededPages(subject)
  const first = await page(subject, stream, undefined, 20)
  assert.equal(first.rows.length, 20)
  const rest = await withSession(subject, subject.server.config, async (session) => {
    const left: Rows = []
    for await (const batch of session.read(stream, { after: first.cursor })) left.push(...batch.rows)
    return left
  })
  const keys = [...first.rows, ...rest].map((row) => JSON.stringify(stream.key.map((name) => row[stream.columns.findIndex((each) => each.name === name)])))
  assert.equal(keys.length, rows, "as many rows as there are")
  assert.equal(new Set(keys).size, rows, "each of them once")
}

const total = ({ written, rejected, skipped }: WriteReport): number => written + rejected.length + skipped

/** The second time changes nothing, and both reports account for every row. */
export async function upsertsTwice(subject: Subject): Promise<void> {
  const { upsert } = subject.server
  assert.ok(upsert, "the fixture has something to upsert")
  await withSession(subject, subject.server.config, async (session) => {
    const once = await session.write(upsert.stream, upsert.batch, { mode: "upsert" })
    const after = await all(session, upsert.stream)
    const twice = await session.write(upsert.stream, upsert.batch, { mode: "upsert" })
    assert.deepEqual(await all(session, upsert.stream), after)
    assert.equal(after.length, upsert.rows)
    assert.ok(after.some((row) => row.includes("last wins")) && !after.some((row) => row.includes("first")), "the last of two rows with one key wins")
    assert.deepEqual([total(once), total(twice)], [upsert.batch.rows.length, upsert.batch.rows.length], "every row is accounted for")
    assert.deepEqual([once.rejected, twice.rejected], [[], []])
  })
}
