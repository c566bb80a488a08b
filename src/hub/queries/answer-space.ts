import { Rooms } from "../../core/rooms.ts"

/** From so many bytes on, an answer takes one of its workspace's few places for long answers, and then the one for very long answers. */
const [LONG, VERY_LONG] = [1_048_576, 16 * 1_048_576]

/** Space in memory for an answer while it is collected, to be disposed of when the answer is complete. */
export interface AnswerSpace extends Disposable {
  /** Waits for a place if the answer is long; fails with the reason of its signal. */
  grown(bytes: number): Promise<void>
}

/** Limits how many long answers of rows are collected at once, for each workspace and for all together. Others wait, and their sources with them. */
export class AnswerSpaces {
  readonly #long = new Rooms(4, 24)
  readonly #veryLong = new Rooms(1, 6)

  /** Space for an answer of a workspace. `readers` waits until its earlier answers are read. */
  of(workspaceId: string, signal: AbortSignal, readers: () => Promise<void>): AnswerSpace {
    const [long, veryLong] = [this.#long.of(workspaceId, signal), this.#veryLong.of(workspaceId, signal)]
    return {
      grown: async (bytes) => {
        if (bytes > LONG) await long.need()
        if (bytes <= VERY_LONG) return
        await veryLong.need()
        await readers()
      },
      [Symbol.dispose]: () => {
        veryLong[Symbol.dispose]()
        long[Symbol.dispose]()
      },
    }
  }
}
