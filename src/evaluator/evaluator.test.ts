import { afterAll, describe, expect, test } from "vitest"
import type { AnswerPlan, EncodedAnswer } from "../core/answer-plan.ts"
import type { EncodedRecords } from "../core/encoded-records.ts"
import type { Value } from "../core/values.ts"
import { type Client, Evaluator } from "./evaluator.ts"

const evaluator = new Evaluator()
afterAll(() => evaluator.close())

const MIB = 1_048_576
const answerOf = (body: string | Buffer) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  url: "https://a.example/x",
  body: Buffer.from(body),
})

type Asked = Partial<AnswerPlan> & { readonly form?: EncodedRecords["form"]; readonly client?: Partial<Client>; readonly of?: Evaluator }

function find(body: string | Buffer, { form = "list", client = {}, of = evaluator, ...plan }: Asked = {}): Promise<EncodedAnswer | undefined> {
  return of.for({ workspaceId: "one", ...client }).evaluate(answerOf(body), { list: false, later: false, html: false, ...plan }, form)
}
const textOf = (found: EncodedAnswer | undefined): string => found?.rows.bytes.toString() ?? "nothing"
const failed = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    return { settled: await work }
  } catch (error) {
    return error
  }
}

/** Takes far longer than any limit: each comparison makes a text of an element again. */
const bomb = JSON.stringify(Array.from({ length: 400 }, (_, index) => ({ id: index % 7, text: "x".repeat(20_000) })))
const EXPLODE = "sort_by(@, &to_string([to_string(@), to_string(@), to_string(@)]))"
const bombed = (more: Asked = {}) => find(bomb, { records: EXPLODE, ...more })

describe("an answer", () => {
  test.each<[string, Asked, string]>([
    ['{"a": [1, {"b": 2}]}', { records: "a" }, '{"value":1},{"b":2}'],
    ['{"a": {"b": 2}}', { records: "a", form: "lines" }, '{"b":2}\n'],
    ['[{"$error": 1}]', { form: "lines" }, '{"$$error":1}\n'],
    ['[{"$error": 1}]', { form: "list" }, '{"$error":1}'],
    ['[{"id": 3, "at": {"n": 9}}]', { form: "ordered", order: "at.n" }, '[9,{"id":3,"at":{"n":9}}]\n'],
    ["[]", { form: "lines" }, ""],
    ['{"n": 9007199254740993, "e": 1e400, "d": 0.10000000000000000001}', {}, '{"n":"9007199254740993","e":"1e400","d":"0.10000000000000000001"}'],
    [`{"n": ${"9".repeat(1_000_000)}}`, { records: "{length: length(n)}" }, '{"length":1000000}'],
    [`{${'"a":1,'.repeat(100_000)}"a":2}`, {}, '{"a":2}'],
    ['{"__proto__": {"x": 1}, "constructor": 2}', {}, '{"__proto__":{"x":1},"constructor":2}'],
    ['["\\ud800", "\\udc00\\ud800", "\\u0000"]', {}, '{"value":"\\ud800"},{"value":"\\udc00\\ud800"},{"value":"\\u0000"}'],
  ])("%.60s by %j", async (body, asked, expected) => expect(textOf(await find(body, asked))).toBe(expected))

  test("says what leads to the next page, whether it is one record, and how many there are", async () => {
    const found = await find('{"next": "abc", "items": [1, 2]}', { records: "items", next: "next" })
    expect([found?.next, found?.rows.single, found?.rows.length]).toEqual(["abc", false, 2])
    expect((await find("{}"))?.rows.single).toBe(true)
    const next = async (value: Value) => (await find(JSON.stringify({ next: value }), { next: "next" }))?.next
    expect([await next({ a: 1 }), await next(null), await next(7)]).toEqual([true, null, 7])
    expect(String(await next("x".repeat(100_000)))).toHaveLength(16_385)
  })

  test("has the same hash in every form, and another for other records", async () => {
    const prints = await Promise.all((["list", "lines", "ordered"] as const).map(async (form) => (await find("[1,2]", { form }))?.print))
    expect(new Set(prints).size).toBe(1)
    expect((await find("[1,3]"))?.print).not.toBe(prints[0])
  })

  test("is undefined where success is not true", async () => expect(await find('{"ok": false}', { success: "ok" })).toBeUndefined())

  test.each<[string, string | Buffer, Asked, object]>([
    [
      "ten million bytes of numbers",
      `[${"1,".repeat(5 * MIB - 1)}1]`,
      {},
      { code: "response_too_large", message: expect.stringMatching(/more than 1,000,000 values/) },
    ],
    ["ten million bytes of lists", `[${"[],".repeat(3 * MIB)}1]`, {}, { code: "response_too_large" }],
    ["ten million bytes of exponents", `[${"1e5,".repeat(2.5 * MIB - 1)}1]`, {}, { code: "response_too_large" }],
    ["a deep list", "[".repeat(100_000), {}, { code: "response_invalid", message: expect.stringMatching(/nested deeper than 500/) }],
    ["half a document", '{"a": [1, 2', {}, { code: "response_invalid" }],
    [
      "records that copy their answer",
      `["${"x".repeat(500_000)}"]`,
      { records: `[${Array.from({ length: 90 }, () => "[0]").join()}]` },
      { code: "response_too_large", message: expect.stringMatching(/32 MiB/) },
    ],
    ["an expression of the wrong type", "[1]", { records: "keys(@)" }, { code: "response_invalid", message: expect.stringMatching(/keys/) }],
    ["a list where there is none", "[1]", { records: "nothing" }, { code: "response_invalid", message: expect.stringMatching(/nothing at nothing/) }],
    [
      "an expression that does not end",
      bomb,
      { records: EXPLODE },
      { code: "response_too_large", message: expect.stringMatching(/Evaluating the expression sort_by.*longer than 3 s/) },
    ],
    [
      "values that take all the memory",
      `[${"1,".repeat(900_000)}1]`,
      { records: "[*].{a: {b: @, c: @}, d: {e: @, f: @}, g: {h: @}, i: {j: @, k: @}, l: [@, @]}" },
      { code: "response_too_large", message: expect.stringMatching(/192 MB of memory|longer than 3 s/) },
    ],
  ])("%s is refused, and the next one is read", async (_, body, asked, error) => {
    expect(await failed(find(body, asked))).toMatchObject(error)
    expect(textOf(await find("[7]"))).toBe('{"value":7}')
  })
})

describe("a deadline", () => {
  test("ends an evaluation that runs, and names its expression", async () => {
    const remainingMs = () => 500
    expect(await failed(bombed({ client: { remainingMs } }))).toMatchObject({
      code: "timed_out",
      message: expect.stringMatching(/deadline of the call passed while .*sort_by/),
    })
    expect(textOf(await find("[7]"))).toBe('{"value":7}')
  })

  test("frees the process for work that waits behind it", async () => {
    // The long work of a workspace has one of two processes.
    const own = new Evaluator(2)
    await find("[1]", { of: own })
    const first = failed(bombed({ of: own, client: { remainingMs: () => 400 } }))
    const behind = find("[7]", { of: own, client: { remainingMs: () => 2_000 } })
    expect([await first, textOf(await behind)]).toEqual([expect.objectContaining({ code: "timed_out" }), '{"value":7}'])
    await own.close()
  })

  test("ends a template that runs, and one that waits", async () => {
    const own = new Evaluator(2)
    const loops = `${"{% for a in range(9999) %}".repeat(3)}${"{% endfor %}".repeat(3)}1`
    const render = (remaining: number) => own.for({ workspaceId: "one", remainingMs: () => remaining }).render(loops, {})
    // The first one has the only process that the workspace may have.
    const all = await Promise.all([failed(render(10_000)), failed(render(80)), failed(render(150))])
    expect(all.slice(1)).toEqual(
      [0, 1].map(() => expect.objectContaining({ code: "timed_out", message: expect.stringMatching(/filling the template \{% for a in/) })),
    )
    await own.close()
  })

  test("that has passed begins nothing", async () => {
    const own = new Evaluator()
    expect(await failed(find("[1]", { of: own, client: { remainingMs: () => 0 } }))).toMatchObject({ code: "timed_out" })
    expect(own.processIds).toEqual([])
    await own.close()
  })
})

test("a caller who leaves ends the work that runs and the work that waits", async () => {
  const own = new Evaluator(2)
  await find("[1]", { of: own })
  const leaves = new AbortController()
  const all = Array.from({ length: 4 }, () => failed(bombed({ of: own, client: { signal: leaves.signal } })))
  leaves.abort(new Error("gone"))
  expect(await Promise.all(all)).toEqual(all.map(() => expect.objectContaining({ code: "cancelled" })))
  expect(textOf(await find("[7]", { of: own }))).toBe('{"value":7}')
  await own.close()
})

describe("workspaces share the processes", () => {
  test("one workspace's bombs hold up nobody else's work", async () => {
    const own = new Evaluator(3)
    const over = new AbortController()
    let ended = 0
    const bombs = Array.from({ length: 100 }, () =>
      failed(bombed({ of: own, client: { workspaceId: "attacker", signal: over.signal } })).finally(() => {
        if (!over.signal.aborted) ended++
      }),
    )
    await Promise.all(Array.from({ length: 50 }, (_, index) => own.for({ workspaceId: "neighbour" }).render(`[{{ n }}]`, { n: index })))
    // The processes that bombs may have are all that the neighbour could wait for.
    expect(ended).toBeLessThanOrEqual(4)
    over.abort()
    await Promise.all(bombs)
    await own.close()
  })

  test("answers of several workspaces leave a process to templates", async () => {
    const own = new Evaluator(3)
    const leaves = new AbortController()
    const bombs = Array.from({ length: 12 }, (_, index) => failed(bombed({ of: own, client: { workspaceId: `attacker ${index}`, signal: leaves.signal } })))
    expect(await own.for({ workspaceId: "neighbour" }).render("[1]", {})).toBe("[1]")
    leaves.abort()
    await Promise.all(bombs)
    await own.close()
  })
})

test("a process that ends by itself fails its work clearly, and another takes its place", async () => {
  const own = new Evaluator(2)
  await find("[1]", { of: own })
  const before = own.processIds
  const work = failed(bombed({ of: own }))
  for (const id of before) process.kill(id, "SIGSEGV")
  expect(await work).toMatchObject({ code: "response_too_large", message: expect.stringMatching(/sort_by/) })
  expect(textOf(await find("[7]", { of: own }))).toBe('{"value":7}')
  expect(own.processIds.filter((id) => before.includes(id))).toEqual([])
  await own.close()
})

test("closing rejects all work and leaves no process", async () => {
  const own = new Evaluator()
  await find("[1]", { of: own })
  const ids = own.processIds
  expect(ids.length).toBeGreaterThan(0)
  const all = Array.from({ length: 5 }, () => failed(bombed({ of: own })))
  await own.close()
  expect(await Promise.all([...all, failed(find("[1]", { of: own }))])).toEqual(Array.from({ length: 6 }, () => expect.objectContaining({ code: "cancelled" })))
  for (const id of ids) expect(() => process.kill(id, 0)).toThrow("ESRCH")
})
