import { createHash, randomUUID } from "node:crypto"
import { type Selectable, sql } from "kysely"
import type { OpenUpload, UploadedFile } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { NodeLimits } from "../../limits/node-limits.ts"
import type { Tx, Uploads as UploadTable } from "../../store/database.ts"
import { allWorkspaces } from "../../store/lookups.ts"
import { parentMissing, type Store } from "../../store/store.ts"
import { record } from "../audit/audit.ts"
import { looksLikeId } from "../base/ids.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import { planFrom, UPLOAD_BYTES } from "../base/plans.ts"
import type { Principal } from "../base/principal.ts"
import { CHUNK_BYTES, chunksOf } from "./chunks.ts"
import { usersOf } from "./upload-uses.ts"

/** A file of the workspace. `sha256` is hexadecimal; `usedBy` names the connectors that read the file. */
export interface UploadView {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly createdAt: string
  readonly usedBy: readonly string[]
}

export const UPLOAD_MAX_BYTES = 2 * 1024 ** 3
/** An upload without new bytes for so long is dead. The API cut its caller off long before (`CHUNK_MAX_MS`). */
const STALE = "15 minutes"
const SWEEP_MS = 15 * 60_000

/** The uploaded files of workspaces. They are streamed in, shown when they are complete, and read in chunks. */
export class Uploads {
  readonly #store: Store
  readonly #nodeLimits: NodeLimits
  #timer: NodeJS.Timeout | undefined
  #sweeping: Promise<void> | undefined

  constructor(store: Store, nodeLimits: NodeLimits) {
    this.#store = store
    this.#nodeLimits = nodeLimits
  }

  /**
   * Stores a file chunk by chunk, at the pace of the store; `bytes` is its length where it is known. When the upload ends early,
   * because the caller goes away or the plan is full, nothing is kept.
   */
  async add(by: Principal, name: string, body: AsyncIterable<Buffer>, bytes: number | undefined): Promise<UploadView> {
    if (bytes !== undefined && bytes > UPLOAD_MAX_BYTES) throw tooLarge()
    const workspaceId = by.workspace.id
    // Each upload holds a chunk in memory while it arrives.
    using _slot = this.#nodeLimits.take(workspaceId, "uploads")
    const id = randomUUID()
    await this.#store.inWorkspace(workspaceId, async (tx) => {
      await sweepStale(tx, workspaceId)
      await withinQuota(tx, workspaceId, bytes ?? 0)
      await tx.insertInto("uploads").values({ id, workspace_id: workspaceId, name, created_by: by.id }).execute()
    })
    try {
      const hash = createHash("sha256")
      let position = 0
      for await (const data of chunksOf(heard(body))) {
        if (position * CHUNK_BYTES + data.length > UPLOAD_MAX_BYTES) throw tooLarge()
        hash.update(data)
        await this.#store.inWorkspace(workspaceId, (tx) => storeChunk(tx, { workspace_id: workspaceId, upload_id: id, position, data }))
        position++
      }
      const row = await this.#store.inWorkspace(workspaceId, async (tx) => {
        const done = await complete(tx, workspaceId, id, hash.digest())
        await record(tx, by, { action: "upload.create", target: targetOf(done), details: { bytes: done.bytes, sha256: done.sha256?.toString("hex") ?? "" } })
        return done
      })
      return viewOf(row, [])
    } catch (error) {
      // When the store is away too, the sweep removes the rest later.
      await this.#store.inWorkspace(workspaceId, (tx) => drop(tx, workspaceId, id)).catch(() => undefined)
      throw error
    }
  }

  async list(by: Principal, query: PageQuery): Promise<Page<UploadView>> {
    const after = decodeCursor(query.cursor)
    const workspaceId = by.workspace.id
    return this.#store.inWorkspace(workspaceId, async (tx) => {
      const whole = tx.selectFrom("uploads").where("workspace_id", "=", workspaceId).where("completed_at", "is not", null)
      const rows = await whole
        .selectAll()
        .where("position", ">", after)
        .orderBy("position")
        .limit(query.limit + 1)
        .execute()
      const { total } = await whole.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, (row) => row.position)
      const users = await usersOf(
        tx,
        workspaceId,
        page.data.map((row) => row.id),
      )
      return { ...page, data: page.data.map((row) => viewOf(row, users.get(row.id) ?? [])) }
    })
  }

  async get(by: Principal, id: string): Promise<UploadView> {
    const workspaceId = by.workspace.id
    return this.#store.inWorkspace(workspaceId, async (tx) => {
      const row = await findUpload(tx, workspaceId, id)
      return viewOf(row, (await usersOf(tx, workspaceId, [row.id])).get(row.id) ?? [])
    })
  }

  /** `in_use` while a connector names it. */
  async remove(by: Principal, id: string): Promise<void> {
    const workspaceId = by.workspace.id
    await this.#store.inWorkspace(workspaceId, async (tx) => {
      const row = await findUpload(tx, workspaceId, id)
      // A connector that is given this upload at the same moment holds the row until the connector is stored.
      await tx.selectFrom("uploads").select("id").where("workspace_id", "=", workspaceId).where("id", "=", row.id).forUpdate().execute()
      const users = (await usersOf(tx, workspaceId, [row.id])).get(row.id) ?? []
      if (users.length > 0) {
        const names = users.slice(0, 5).join(", ")
        const message = `The upload ${row.name} is read by ${names}${users.length > 5 ? ` and ${users.length - 5} more` : ""}; remove or change those connectors first.`
        throw new PlatformError("in_use", message, { details: { usedBy: users.slice(0, 100) } })
      }
      await drop(tx, workspaceId, row.id)
      await record(tx, by, { action: "upload.remove", target: targetOf(row) })
    })
  }

  /** Opens uploads for the connectors of a workspace. */
  opener(workspaceId: string): OpenUpload {
    return async (id) => {
      const row = await this.#store.inWorkspace(workspaceId, (tx) => findUpload(tx, workspaceId, id))
      return fileOf(this.#store, row)
    }
  }

  /** Sweeps now and every quarter of an hour. When the database is away, the next sweep makes up for it. */
  start(): void {
    const sweep = (): void => {
      this.#sweeping = this.sweep().catch(() => undefined)
    }
    sweep()
    this.#timer = setInterval(sweep, SWEEP_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sweeping
  }

  /** Removes the rests of uploads that were killed, in all workspaces. */
  async sweep(): Promise<void> {
    for (const { id } of await this.#store.asHub(allWorkspaces)) await this.#store.inWorkspace(id, (tx) => sweepStale(tx, id))
  }
}

type UploadRow = Selectable<UploadTable>

/** The body, with an error of its stream as `cancelled`: the caller went away. */
async function* heard(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError("cancelled", "The caller went away before the upload was complete; nothing of it was kept.", { cause })
  }
}

async function storeChunk(tx: Tx, chunk: { workspace_id: string; upload_id: string; position: number; data: Buffer }): Promise<void> {
  await tx
    .insertInto("upload_chunks")
    .values(chunk)
    .execute()
    .catch((cause: unknown) => Promise.reject(parentMissing(cause) ? tooSlow(cause) : cause))
  await tx
    .updateTable("uploads")
    .set({ bytes: sql`bytes + ${chunk.data.length}`, arrived_at: sql`now()` })
    .where("workspace_id", "=", chunk.workspace_id)
    .where("id", "=", chunk.upload_id)
    .execute()
  await withinQuota(tx, chunk.workspace_id, 0)
}

/** Makes the upload visible. Uploads that complete at the same time are checked against the plan one after the other. */
async function complete(tx: Tx, workspaceId: string, id: string, sha256: Buffer): Promise<UploadRow> {
  await tx.selectFrom("workspaces").select("id").where("id", "=", workspaceId).forUpdate().execute()
  await withinQuota(tx, workspaceId, 0)
  const row = await tx
    .updateTable("uploads")
    .set({ sha256, completed_at: sql`now()` })
    .where("workspace_id", "=", workspaceId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw tooSlow(undefined)
  return row
}

/** Checks the plan's quota. Uploads that are still arriving count, so that many at once cannot pass it together. */
async function withinQuota(tx: Tx, workspaceId: string, more: number): Promise<void> {
  const { plan } = await tx.selectFrom("workspaces").select("plan").where("id", "=", workspaceId).executeTakeFirstOrThrow()
  const { uploadBytes: most = UPLOAD_BYTES } = planFrom(plan)
  const { bytes } = await tx
    .selectFrom("uploads")
    .select(sql<number>`coalesce(sum(bytes), 0)::bigint`.as("bytes"))
    .where("workspace_id", "=", workspaceId)
    .executeTakeFirstOrThrow()
  if (bytes + more > most)
    throw new PlatformError(
      "plan_limit_reached",
      `The workspace may have ${most} bytes of uploads, and this upload would exceed that; remove one that is not needed, or ask an operator for more.`,
    )
}

async function sweepStale(tx: Tx, workspaceId: string): Promise<void> {
  await tx
    .deleteFrom("uploads")
    .where("workspace_id", "=", workspaceId)
    .where("completed_at", "is", null)
    .where(sql<boolean>`arrived_at < now() - ${STALE}::interval`)
    .execute()
}

const drop = async (tx: Tx, workspaceId: string, id: string): Promise<void> =>
  void (await tx.deleteFrom("uploads").where("workspace_id", "=", workspaceId).where("id", "=", id).execute())

async function findUpload(tx: Tx, workspaceId: string, id: string): Promise<UploadRow> {
  const row = looksLikeId(id)
    ? await tx
        .selectFrom("uploads")
        .selectAll()
        .where("workspace_id", "=", workspaceId)
        .where("id", "=", id)
        .where("completed_at", "is not", null)
        .executeTakeFirst()
    : undefined
  if (row === undefined) throw noUpload(id)
  return row
}

function fileOf(store: Store, row: UploadRow): UploadedFile {
  async function* read(from = 0): AsyncGenerator<Buffer> {
    let skip = from % CHUNK_BYTES
    for (let position = Math.floor(from / CHUNK_BYTES); position * CHUNK_BYTES < row.bytes; position++) {
      const chunk = await store.inWorkspace(row.workspace_id, (tx) =>
        tx
          .selectFrom("upload_chunks")
          .select("data")
          .where("workspace_id", "=", row.workspace_id)
          .where("upload_id", "=", row.id)
          .where("position", "=", position)
          .executeTakeFirst(),
      )
      if (chunk === undefined) throw noUpload(row.id)
      yield chunk.data.subarray(skip)
      skip = 0
    }
  }
  return { name: row.name, bytes: row.bytes, sha256: row.sha256?.toString("hex") ?? "", read }
}

const targetOf = ({ id, name }: UploadRow) => ({ kind: "upload", id, name })

const viewOf = (row: UploadRow, usedBy: readonly string[]): UploadView => ({
  id: row.id,
  name: row.name,
  bytes: row.bytes,
  sha256: row.sha256?.toString("hex") ?? "",
  createdAt: row.created_at.toISOString(),
  usedBy,
})

const noUpload = (id: string): PlatformError =>
  notFound(`There is no upload "${id.slice(0, 100)}" in this workspace`, { things: "uploads", path: "/v1/uploads", command: "jackfield uploads list" })

const tooLarge = (): PlatformError => new PlatformError("body_too_large", "The upload is larger than 2 GiB; send it compressed with gzip, or in parts.")

const tooSlow = (cause: unknown): PlatformError =>
  new PlatformError("cancelled", "The upload was given up, because no bytes of it came for too long; send it again.", { cause })
