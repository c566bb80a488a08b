import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type Fault, faults, meet } from "./network/cases.ts"
import { type Subject, subjects } from "./network/subjects.ts"

const TESTS = 1_000
const AT_ONCE = 10
const DEADLINE_MS = 400
/** Faults that end by themselves or at the deadline; those that send gigabytes are in `network.test.ts`. */
const quick = faults.filter(({ name }) => !/body|bomb|messages/.test(name))

/** The system resources of this process by kind: sockets, timers, pipes, child processes. */
function held(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  // Resources of the test itself and of its runner come and go.
  for (const kind of ["Immediate", "TickObject", "FSReqPromise", "FSReqCallback"]) delete counts[kind]
  return counts
}

const openFiles = async (): Promise<number> => (await readdir("/proc/self/fd")).length

async function settled(wanted: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await wanted()); tries++) await sleep(50)
}

let folder: string
let before: string | undefined
beforeAll(async () => {
  before = process.env["TMPDIR"]
  folder = await mkdtemp(join(tmpdir(), "jackfield-handles-"))
  // From now on, every temporary file is created in this folder.
  process.env["TMPDIR"] = folder
})
afterAll(async () => {
  if (before === undefined) delete process.env["TMPDIR"]
  else process.env["TMPDIR"] = before
  await rm(folder, { recursive: true })
})

test("a thousand tests that meet a fault leave no resources behind", async () => {
  const cases: readonly { subject: Subject; fault: Fault }[] = subjects.flatMap((subject) =>
    quick.filter((fault) => fault.applies(subject)).map((fault) => ({ subject, fault })),
  )
  // The first test of each kind loads libraries, which may keep resources permanently.
  for (const { subject, fault } of cases) await meet(subject, fault, DEADLINE_MS, false)
  await sleep(1_500)
  const [resources, descriptors] = [held(), await openFiles()]
  const outcomes = new Map<string, number>()
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let index = next++; index < TESTS; index = next++) {
        const { subject, fault } = cases[index % cases.length] as (typeof cases)[number]
        const { report } = await meet(subject, fault, DEADLINE_MS, false)
        expect(report.ok).toBe(false)
        outcomes.set(report.error?.code ?? "", (outcomes.get(report.error?.code ?? "") ?? 0) + 1)
      }
    }),
  )
  await settled(async () => JSON.stringify(held()) === JSON.stringify(resources) && (await openFiles()) <= descriptors)
  const [after, descriptorsAfter] = [held(), await openFiles()]
  console.log(`after ${TESTS} tests: ${JSON.stringify(after)}, ${descriptorsAfter} descriptors; before: ${JSON.stringify(resources)}, ${descriptors}`)
  console.log(JSON.stringify(Object.fromEntries(outcomes)))
  expect([...outcomes.values()].reduce((sum, many) => sum + many, 0)).toBe(TESTS)
  expect(outcomes.get("internal")).toBeUndefined()
  expect(after).toEqual(resources)
  expect(await readdir(folder)).toEqual([])
  expect(descriptorsAfter).toBeLessThanOrEqual(descriptors)
})
