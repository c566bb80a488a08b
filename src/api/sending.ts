import { Readable } from "node:stream"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { Hub } from "../hub/hub.ts"

declare module "fastify" {
  interface FastifyRequest {
    /** Counts bytes of the answer that wait to be read against the caller's workspace, until it is disposed of. */
    unread: ((bytes: number) => Disposable) | undefined
  }
}

/** What a handler returns that has sent its answer itself. A reply would not do: it is a promise of the answer's end. */
export class Sent {
  /** Makes the class unlike any other object. */
  readonly sent = Symbol("sent")
}

/** Sends a body as it comes. */
export function sendStream(reply: FastifyReply, type: string, body: NodeJS.ReadableStream): Sent {
  void reply
    .type(type)
    .serializer((payload: unknown) => payload as string)
    .send(body)
  return new Sent()
}

/**
 * Sends texts at the caller's pace, as long as they come and are taken. An error before the first one is an ordinary
 * error; after it, the connection breaks, so that nobody takes the answer for whole.
 */
export async function sendTexts(request: FastifyRequest, reply: FastifyReply, type: string, texts: AsyncGenerator<string | Buffer>): Promise<Sent> {
  const all = await begun(texts)
  // A body that is never read would leave its source, and the connection behind it, waiting for ever.
  const end = (): void => void texts.return(undefined).catch(() => undefined)
  if (reply.raw.destroyed) end()
  else reply.raw.once("close", end)
  const body = Readable.from(atReadersPace(reply, all, READER_IDLE_MS, request.unread), { objectMode: false, highWaterMark: 256 * 1024 })
  body.once("error", (error) => {
    request.log.warn({ err: error }, "a streamed answer broke off")
    reply.raw.destroy(error)
  })
  return sendStream(reply, type.startsWith("text/") ? `${type}; charset=utf-8` : type, body)
}

/** The same items, once the first of them is there; until then an error rejects the promise. */
export async function begun<T>(items: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await items.next()
  async function* all(): AsyncGenerator<T> {
    try {
      for (let next = first; next.done !== true; next = await items.next()) yield next.value
    } finally {
      await items.return(undefined)
    }
  }
  return all()
}

/** A shorter answer fits what the system keeps for a connection. */
const UNREAD_MIN_BYTES = 65_536

/** The time in which a reader must take a byte of what waits for it. */
const READER_IDLE_MS = 30_000

/**
 * The same texts, for a reader who takes them: a connection over which no byte leaves for `idleMs`, although some wait,
 * is closed. `unread` counts the bytes of a long text that waits.
 */
export async function* atReadersPace<T extends { readonly length: number }>(
  { raw: { socket } }: Pick<FastifyReply, "raw">,
  texts: AsyncIterable<T>,
  idleMs = READER_IDLE_MS,
  unread?: (bytes: number) => Disposable,
): AsyncGenerator<T> {
  for await (const text of texts) {
    // While a text is not asked for, the ones before it are still on their way. The server closes a socket that times out.
    socket?.setTimeout(idleMs)
    using _waiting = text.length < UNREAD_MIN_BYTES ? undefined : unread?.(text.length)
    yield text
    // The source may take its time: it has a deadline of its own.
    socket?.setTimeout(0)
  }
  socket?.setTimeout(idleMs)
}

/** Gives the readers of whole answers the same time, and counts what waits for readers against their workspace. */
export function useReaders(app: FastifyInstance, limits: Pick<Hub["nodeLimits"], "unread">, idleMs = READER_IDLE_MS): void {
  app.decorateRequest("unread", undefined)
  app.addHook("preHandler", async (request) => {
    const id = request.principal?.workspace.id
    if (id !== undefined) request.unread = (bytes) => limits.unread(id, bytes)
  })
  app.addHook("onSend", async (request, { raw }, payload) => {
    if (!(typeof payload === "string" || Buffer.isBuffer(payload)) || payload.length < UNREAD_MIN_BYTES) return
    raw.socket?.setTimeout(idleMs)
    const held = request.unread?.(payload.length)
    raw.once("close", () => held?.[Symbol.dispose]())
  })
}

/** Sends a body that is encoded already. */
export function sendBytes(reply: FastifyReply, type: string, bytes: Buffer): Sent {
  void reply.type(type).send(bytes)
  return new Sent()
}

/** Sends a text with its own content type. */
export function sendText(reply: FastifyReply, { contentType, text }: { readonly contentType: string; readonly text: string }): Sent {
  void reply.type(contentType).serializer(String).send(text)
  return new Sent()
}
