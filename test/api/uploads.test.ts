import { createHash, randomBytes } from "node:crypto"
import { request } from "node:http"
import { beforeAll, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"

let other: { id: string; key: string }
const hub = use(() => startHub())
beforeAll(async () => {
  other = await hub.workspace("other")
})

const send = (body: string | Buffer | FormData | ReadableStream, path = "/v1/uploads?name=a.csv", key = hub.key, headers: Record<string, string> = {}) =>
  fetch(hub.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, ...headers },
    body,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  } as RequestInit)
const made = async (response: Response) => ({ status: response.status, body: (await response.json()) as Record<string, unknown> })
const rows = () => hub.served.hub.store.asHub(async () => undefined).then(() => listed())
const listed = async () =>
  (await hub.call("GET", "/v1/uploads?limit=100")).body as { data: { id: string; name: string }[]; total: number; nextCursor: string | null }

/** The numbers of stored uploads and chunks, including uploads that are still arriving. */
async function stored(): Promise<{ uploads: number; chunks: number }> {
  const { store } = hub.served.hub
  const workspaces = (await hub.call("GET", "/v1/workspaces")).body.data as { id: string }[]
  let [uploads, chunks] = [0, 0]
  for (const { id } of workspaces)
    await store.inWorkspace(id, async (tx) => {
      uploads += (await tx.selectFrom("uploads").select("id").execute()).length
      chunks += (await tx.selectFrom("upload_chunks").select("position").execute()).length
    })
  return { uploads, chunks }
}

describe("an upload", () => {
  it("of any size and content type is stored completely, with its length and its hash, and read back", async () => {
    for (const size of [0, 1, 1_048_575, 1_048_576, 1_048_577, 3_500_000]) {
      const bytes = randomBytes(size)
      const { status, body } = await made(await send(bytes, `/v1/uploads?name=${size}.bin`, hub.key, size % 2 ? { "content-type": "application/json" } : {}))
      const sha256 = createHash("sha256").update(bytes).digest("hex")
      expect([status, body]).toEqual([201, { id: expect.any(String), name: `${size}.bin`, bytes: size, sha256, createdAt: expect.any(String), usedBy: [] }])
      const file = await hub.served.hub.uploads.opener(await own())(String(body["id"]))
      for (const from of [0, 1, 1_048_576, size]) {
        const parts: Buffer[] = []
        for await (const part of file.read(from)) parts.push(part)
        expect(Buffer.concat(parts).equals(bytes.subarray(from)), `${size} from ${from}`).toBe(true)
      }
    }
  })

  it("is rejected if the workspace has too many arriving uploads, without an effect on other workspaces", async () => {
    const before = await stored()
    const gate = Promise.withResolvers<void>()
    const slow = () =>
      new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from("a"))
          await gate.promise
          controller.close()
        },
      })
    const arriving = Array.from({ length: 32 }, () => send(slow()))
    await within(20_000, async () => (await stored()).uploads >= before.uploads + 32, "32 uploads arrive")
    const more = await made(await send("b"))
    expect([more.status, more.body["code"]]).toEqual([429, "rate_limited"])
    const others = await made(await send("b", "/v1/uploads", other.key))
    expect(others.status).toBe(201)
    await hub.call("DELETE", `/v1/uploads/${String(others.body["id"])}`, undefined, { key: other.key })
    gate.resolve()
    expect((await Promise.all(arriving)).every(({ status }) => status === 201)).toBe(true)
    expect((await send("b")).status).toBe(201)
  })

  it("is listed in pages, shown, and removed", async () => {
    const { total } = await rows()
    const first = (await hub.call("GET", "/v1/uploads?limit=2")).body
    expect([first.total, first.data.length]).toEqual([total, 2])
    const next = (await hub.call("GET", `/v1/uploads?limit=100&cursor=${first.nextCursor}`)).body
    expect(next.data.length).toBe(total - 2)
    const [one] = first.data
    expect((await hub.call("GET", `/v1/uploads/${one.id}`)).body).toEqual(one)
    expect((await hub.call("DELETE", `/v1/uploads/${one.id}`)).status).toBe(204)
    for (const method of ["GET", "DELETE"]) expect((await hub.call(method, `/v1/uploads/${one.id}`)).status).toBe(404)
    expect((await rows()).total).toBe(total - 1)
    const { data } = (await hub.call("GET", "/v1/audit?limit=100")).body as { data: { action: string; target: { id: string } }[] }
    expect(
      data
        .filter(({ target }) => target?.id === one.id)
        .map(({ action }) => action)
        .sort(),
    ).toEqual(["upload.create", "upload.remove"])
  })

  it("is 404 in another workspace, and not in its list", async () => {
    const { body } = await made(await send("theirs", "/v1/uploads", other.key))
    for (const method of ["GET", "DELETE"]) expect((await hub.call(method, `/v1/uploads/${body["id"]}`)).body.code).toBe("not_found")
    expect((await rows()).data.map(({ id }) => id)).not.toContain(body["id"])
    await expect(hub.served.hub.uploads.opener(await own())(String(body["id"]))).rejects.toMatchObject({ code: "not_found" })
    expect((await hub.call("GET", `/v1/uploads/${body["id"]}`, undefined, { key: other.key })).status).toBe(200)
  })

  it("can be sent and removed by an editor, and seen by a viewer", async () => {
    const viewer = await hub.keyFor("viewer")
    expect((await send("x", "/v1/uploads", viewer)).status).toBe(403)
    expect((await send("x", "/v1/uploads", "nobody")).status).toBe(401)
    const { body } = await made(await send("x", "/v1/uploads", await hub.keyFor("editor")))
    expect((await hub.call("GET", `/v1/uploads/${body["id"]}`, undefined, { key: viewer })).status).toBe(200)
    expect((await hub.call("DELETE", `/v1/uploads/${body["id"]}`, undefined, { key: viewer })).status).toBe(403)
  })

  it("cannot be sent as a form, and has a name without a path", async () => {
    const form = new FormData()
    form.set("file", new Blob(["a,b"]), "a.csv")
    const refused = await made(await send(form))
    expect([refused.status, refused.body["code"]]).toEqual([415, "content_type_unsupported"])
    expect(refused.body["detail"]).toContain("?name=")
    for (const name of ["", "a%2Fb", "a%5Cb", "a%00", "a%0Ab", "x".repeat(256)]) {
      const { status, body } = await made(await send("x", `/v1/uploads?name=${name}`))
      expect([status, body["code"]], name).toEqual([422, "request_invalid"])
    }
    expect((await made(await send("x", `/v1/uploads?name=${encodeURIComponent("Zoë's rows 👩.csv")}`))).body["name"]).toBe("Zoë's rows 👩.csv")
  })

  it("that is interrupted leaves nothing behind", async () => {
    const before = await stored()
    const asked = request(`${hub.url}/v1/uploads`, { method: "POST", headers: { authorization: `Bearer ${hub.key}`, "content-length": 5_000_000 } })
    asked.on("error", () => undefined)
    asked.write(Buffer.alloc(2_500_000))
    await within(10_000, async () => (await stored()).chunks === before.chunks + 2, "two chunks have arrived")
    expect((await rows()).data.length).toBe(before.uploads - 1)
    asked.destroy()
    await within(10_000, async () => JSON.stringify(await stored()) === JSON.stringify(before), "the chunks are deleted again")
  })

  it("that a killed hub left behind is never shown, and is deleted", async () => {
    const { store, uploads } = hub.served.hub
    const workspaceId = await own()
    const before = await stored()
    const id = crypto.randomUUID()
    await store.inWorkspace(workspaceId, async (tx) => {
      await tx
        .insertInto("uploads")
        .values({ id, workspace_id: workspaceId, name: "half", arrived_at: new Date(Date.now() - 3_600_000) })
        .execute()
      await tx
        .insertInto("upload_chunks")
        .values({ workspace_id: workspaceId, upload_id: id, position: 0, data: Buffer.from("x") })
        .execute()
    })
    expect((await hub.call("GET", `/v1/uploads/${id}`)).status).toBe(404)
    expect((await rows()).data.map((each) => each.id)).not.toContain(id)
    await uploads.sweep()
    expect(await stored()).toEqual(before)
  })

  it("of more than 2 GiB is rejected before it arrives", async () => {
    const answer = await new Promise<number>((resolve, reject) => {
      const asked = request(
        `${hub.url}/v1/uploads`,
        { method: "POST", headers: { authorization: `Bearer ${hub.key}`, "content-length": 2 ** 31 + 1 } },
        (response) => {
          resolve(response.statusCode ?? 0)
          asked.destroy()
        },
      )
      asked.on("error", reject)
      asked.flushHeaders()
    })
    expect(answer).toBe(413)
  })
})

describe("the plan's bytes", () => {
  const plan = (uploadBytes: number | null) => hub.call("PATCH", "/v1/workspaces/other", { plan: { uploadBytes } })
  const chunked = (bytes: number) => new Blob([Buffer.alloc(bytes)]).stream()
  it("apply with and without a Content-Length, and to concurrent uploads", async () => {
    const used = ((await hub.call("GET", "/v1/uploads", undefined, { key: other.key })).body.data as { bytes: number }[]).reduce(
      (sum, { bytes }) => sum + bytes,
      0,
    )
    await plan(used + 3_000_000)
    const whole = await made(await send(Buffer.alloc(3_000_001), "/v1/uploads", other.key))
    expect([whole.status, whole.body["code"]]).toEqual([403, "plan_limit_reached"])
    const piecemeal = await made(await send(chunked(3_000_001), "/v1/uploads", other.key))
    expect([piecemeal.status, piecemeal.body["code"]]).toEqual([403, "plan_limit_reached"])
    const many = await Promise.all(Array.from({ length: 4 }, () => send(chunked(1_200_000), "/v1/uploads", other.key).then(({ status }) => status)))
    expect(many.filter((status) => status === 201).length).toBeLessThanOrEqual(2)
    const kept = (await hub.call("GET", "/v1/uploads", undefined, { key: other.key })).body.data as { bytes: number }[]
    expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(used + 3_000_000)
    await plan(null)
    expect((await send(Buffer.alloc(3_000_001), "/v1/uploads", other.key)).status).toBe(201)
  })
})

it("are limited to 20 GiB for a workspace without a plan", async () => {
  const { key, id } = await hub.workspace("unplanned")
  const full = (bytes: number) =>
    hub.served.hub.store.inWorkspace(id, (tx) => tx.updateTable("uploads").set({ bytes }).where("workspace_id", "=", id).execute())
  expect((await send(Buffer.from("a,b\n"), "/v1/uploads", key)).status).toBe(201)
  await full(20 * 1024 ** 3 - 5)
  expect((await send(Buffer.alloc(4), "/v1/uploads", key)).status).toBe(201)
  await full(10 * 1024 ** 3)
  expect((await made(await send(Buffer.alloc(1), "/v1/uploads", key))).body["code"]).toBe("plan_limit_reached")
})

async function own(): Promise<string> {
  return ((await hub.call("GET", "/v1/workspaces")).body.data as { id: string; name: string }[]).find(({ name }) => name === "main")?.id ?? ""
}
