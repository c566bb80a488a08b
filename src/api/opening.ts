import type { FastifyInstance } from "fastify"

/** Lets every request wait until the start is complete, which takes milliseconds once the hub listens. */
export function useOpening(app: FastifyInstance, opened: Promise<void>): void {
  let open = false
  void opened.then(() => {
    open = true
  })
  app.addHook("onRequest", (_request, _reply, done) => {
    if (open) done()
    else void opened.then(() => done())
  })
}
