import type { FastifyReply } from "fastify"

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

/** Sends a text with its own content type. */
export function sendText(reply: FastifyReply, { contentType, text }: { readonly contentType: string; readonly text: string }): Sent {
  void reply.type(contentType).serializer(String).send(text)
  return new Sent()
}
