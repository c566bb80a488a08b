import { createServer } from "node:net"

/** Listens for a moment and stops; the error if that fails, such as EADDRINUSE. */
export async function tryPort(host: string, port: number): Promise<Error | undefined> {
  const server = createServer((socket) => socket.destroy())
  const fault = await new Promise<Error | undefined>((done) => {
    server.once("error", done).listen({ host, port }, () => done(undefined))
  })
  if (fault === undefined) await new Promise((done) => server.close(done))
  return fault
}
