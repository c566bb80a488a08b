// A hub of a test's own process: opens the store of argv[2], says so, and with argv[3] "write" acknowledges one row after another until it is killed.
import { openStore } from "../../src/store/store.ts"

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const log = { info: () => undefined, warn: () => undefined }

try {
  const store = await openStore({ dataDir: process.argv[2] ?? "", log })
  // Before the word is out: whoever reads it may send the signal at once.
  process.once("SIGTERM", () => void store.close().then(() => process.exit(0)))
  say({ ready: true, ...(await store.address()) })
  if (process.argv[3] === "write") {
    for (let n = 1; n <= 1_000_000; n++) {
      await store.asHub((tx) =>
        tx
          .insertInto("settings")
          .values({ key: `${process.pid}/${n}`, value: "true" })
          .execute(),
      )
      say({ wrote: `${process.pid}/${n}` })
    }
  } else setInterval(() => undefined, 1_000)
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  say({ refused: code, message })
}
