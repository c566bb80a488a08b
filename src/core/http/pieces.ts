import type { Readable } from "node:stream"

/**
 * The pieces of a stream in order. Iterating over the stream itself loses what has arrived when it fails; here every piece comes before the error.
 * If the reader leaves early, the stream is destroyed.
 */
export async function* piecesOf(stream: Readable): AsyncGenerator<Buffer> {
  let [failed, over]: [unknown, boolean] = [undefined, stream.closed]
  let wake = (): void => undefined
  const end = (): void => {
    over = true
    wake()
  }
  const fail = (error: unknown): void => {
    failed = error
    end()
  }
  const ready = (): void => wake()
  stream.on("readable", ready).on("end", end).on("close", end).on("error", fail)
  try {
    for (;;) {
      const piece: Buffer | null = stream.read()
      if (piece !== null) yield piece
      else if (over) break
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    if (failed !== undefined || stream.errored !== null) throw failed ?? stream.errored
  } finally {
    stream.off("readable", ready).off("end", end).off("close", end)
    if (!over) stream.destroy()
  }
}
