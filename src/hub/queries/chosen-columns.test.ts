import { describe, expect, it } from "vitest"
import { collect } from "../../../test/support/batches.ts"
import type { Batch } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { atLeastColumns, only } from "./chosen-columns.ts"

const column = (name: string): Column => ({ name, type: "integer", nativeType: "int4", nullable: true })
const columns = [column("id"), column("total")]
async function* batches(...some: Batch[]): AsyncGenerator<Batch> {
  yield* some
}

describe("a read", () => {
  it("that has no batch has one without rows, which names the columns", async () => {
    expect(await collect(atLeastColumns(columns, batches()))).toEqual([{ columns, rows: [] }])
    expect(await collect(atLeastColumns([], batches()))).toEqual([])
  })

  it("that has a batch is passed on as it is", async () => {
    const batch = { columns: [column("id")], rows: [[1]] }
    expect(await collect(atLeastColumns(columns, batches(batch)))).toEqual([batch])
  })

  it("of chosen columns refuses one that is not there, also without a row", async () => {
    const chosen = only(["zpi"], ["orders"], atLeastColumns(columns, batches()))
    await expect(collect(chosen)).rejects.toMatchObject({ code: "request_invalid", message: "orders has no column zpi; it has id, total." })
  })
})
