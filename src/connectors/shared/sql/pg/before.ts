import type { Connection } from "pg"

/** Statements that run first, such as those that begin the transaction. */
export type Before = readonly string[]

/** Sends them by the extended protocol, in one message with what follows. */
export function sendBefore(to: Connection, before: Before): void {
  for (const text of before) {
    to.parse({ name: "", text, types: [] }, true)
    to.bind({ portal: "", statement: "", binary: "", values: [] }, true)
    to.execute({ portal: "", rows: "0" }, true)
  }
}
