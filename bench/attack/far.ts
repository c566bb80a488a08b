// The attacker's own server, in a separate process. The first line is its port.
import { createServer } from "node:http"
import { gzipSync } from "node:zlib"

const MIB = 1_048_576
const SIZE = 10 * MIB
const texts = (count: number, length: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, index) => ({ id: index % 7, text: `${index % 13}${"x".repeat(length)}` })))

/** What the server answers, by path: small over the network, large once it is read. */
const BODIES: Readonly<Record<string, () => string>> = {
  "/small": () => JSON.stringify({ ok: true, items: [{ id: 1 }] }),
  "/numbers": () => `[${"1,".repeat(SIZE / 2 - 2)}1]`,
  "/million": () => `[${"1,".repeat(990_000)}1]`,
  "/lists": () => `[${"[],".repeat(SIZE / 3 - 2)}1]`,
  "/exponents": () => `[${"1e5,".repeat(SIZE / 4 - 2)}1]`,
  "/exponents-million": () => `[${"1e5,".repeat(990_000)}1]`,
  "/members": () => `{${Array.from({ length: 500_000 }, (_, index) => `"m${index}":1`).join()}}`,
  "/records": () => texts(90, 110_000),
  "/many-records": () => texts(80_000, 90),
  "/one-text": () => JSON.stringify({ text: "x".repeat(SIZE - 100) }),
  "/digits": () => `[${Array.from({ length: 9 }, () => "9".repeat(1_000_000)).join()}]`,
  "/csv-line": () => `a,b\n1,${"x".repeat(60 * MIB)}\n`,
  "/csv-quotes": () => `a,b\n1,"${'""'.repeat(30 * MIB)}"\n`,
  "/csv-columns": () => `${Array.from({ length: 16_000 }, (_, index) => `c${index}`).join()}\n${`${",".repeat(15_999)}\n`.repeat(2_000)}`,
  "/csv-open-quote": () => `a,b\n"${"x,\n".repeat(20 * MIB)}`,
}
const made = new Map<string, Buffer>()

const server = createServer((request, response) => {
  const path = new URL(request.url ?? "/", "http://x").pathname
  if (path === "/echo") {
    response.writeHead(500, { "content-type": "text/plain" }).end("a".repeat(61 * 1024))
    return
  }
  const body = BODIES[path]
  if (body === undefined) {
    response.writeHead(404).end()
    return
  }
  const known = made.get(path) ?? gzipSync(body())
  made.set(path, known)
  const type = path.startsWith("/csv") ? "text/csv" : "application/json"
  response.writeHead(200, { "content-type": type, "content-encoding": "gzip", "content-length": known.length }).end(known)
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`)
})
process.stdin.resume()
