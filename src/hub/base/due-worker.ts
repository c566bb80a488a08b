import type { Logger } from "pino"

/** Rows of one kind that become due, such as scheduled checks and webhook deliveries. A row is leased to the node that works on it. */
export interface DueRows<Row> {
  /** The plural noun for the log: `scheduled checks`. */
  readonly name: string
  /** Milliseconds between two looks for due rows. */
  readonly pollMs: number
  /** Leases at most `most` due rows to this node, of whichever workspace. Rows whose lease has run out are due again. */
  claim(most: number): Promise<readonly Row[]>
  /** Works on a row and ends its lease. When `stopping` fires it ends soon and leaves the row to another node. */
  work(row: Row, stopping: AbortSignal): Promise<void>
  /** The row's name in the log. */
  named(row: Row): Readonly<Record<string, string>>
}

/** Rows that a node works on at a time. */
const AT_ONCE = 16
/** Rows of one workspace that all nodes work on at a time. */
export const OF_ONE_WORKSPACE = 4

/** Works on the rows of one kind as they become due. A row that this node leased and did not finish is taken over by another. */
export class DueWorker<Row> {
  readonly #rows: DueRows<Row>
  readonly #log: Logger
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> = Promise.resolve()

  constructor(rows: DueRows<Row>, log: Logger) {
    this.#rows = rows
    this.#log = log
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#polling = this.#poll()
    }, this.#rows.pollMs)
    this.#timer.unref()
  }

  /** Takes no more rows, cuts off the work that runs and waits for its end. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#polling
    await Promise.all(this.#running)
  }

  /** Takes due rows and begins to work on them. When the database is away, the next look makes up for it. */
  async #poll(): Promise<void> {
    const room = AT_ONCE - this.#running.size
    if (room <= 0 || this.#stopping.signal.aborted) return
    const due = await this.#rows.claim(room).catch((error: unknown) => {
      this.#log.warn({ err: error }, `${this.#rows.name} could not be claimed`)
      return []
    })
    for (const row of due) {
      const run = this.#rows
        .work(row, this.#stopping.signal)
        .catch((error: unknown) => this.#log.warn({ err: error, ...this.#rows.named(row) }, `one of the ${this.#rows.name} was not finished`))
        .finally(() => this.#running.delete(run))
      this.#running.add(run)
    }
  }
}
