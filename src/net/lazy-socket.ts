import { Socket } from "node:net"
import { Duplex } from "node:stream"
import { PlatformError } from "../core/errors.ts"
import type { Address, LazySocket } from "../core/lease.ts"

/**
 * A stream that behaves like a fresh `net.Socket` and connects through the lease when `connect` is called. An error
 * of `open` becomes its `error` event. Client libraries may set timeouts and keep-alive on it, whatever it runs over.
 */
export class DoorSocket extends Duplex implements LazySocket {
  readonly #open: (to: Address) => Promise<Duplex>
  #inner: Duplex | undefined
  #opening = false
  #resume: (() => void) | undefined
  #timeout: NodeJS.Timeout | undefined
  #idleMs = 0
  connecting = true

  constructor(open: (to: Address) => Promise<Duplex>) {
    super({ allowHalfOpen: false })
    this.#open = open
  }

  /**
   * If a `data` listener throws (because the server sent an invalid message), the connection is destroyed and later
   * listeners do not see the data. Otherwise any server could end the process.
   */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== "data") return super.emit(event, ...values)
    try {
      return super.emit(event, ...values)
    } catch (cause) {
      const unreadable = "The server sent data that cannot be read; check host and port."
      this.destroy(cause instanceof PlatformError ? cause : new PlatformError("protocol_invalid", unreadable, { cause }))
      return true
    }
  }

  /** Writes of one turn of the event loop go out together: client libraries send a message in many small pieces. */
  override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
    if (this.writableCorked === 0) {
      this.cork()
      process.nextTick(() => this.uncork())
    }
    return super.write(chunk, encoding as BufferEncoding, done as () => void)
  }

  get pending(): boolean {
    return this.#inner === undefined
  }

  get readyState(): string {
    return this.#inner === undefined ? "opening" : this.destroyed ? "closed" : "open"
  }

  get remoteAddress(): string | undefined {
    return this.#inner instanceof Socket ? this.#inner.remoteAddress : undefined
  }

  /**
   * Connects once; further calls do nothing. Also accepts `net.Socket`'s other form, one options object, but never a
   * path.
   */
  connect(port: number | { readonly port: number; readonly host: string }, host?: string): this {
    const to = typeof port === "object" ? port : { port, host: host ?? "" }
    if (this.#opening || this.destroyed) return this
    this.#opening = true
    if (typeof to.host !== "string" || to.host === "" || !Number.isInteger(Number(to.port))) {
      this.destroy(new PlatformError("config_invalid", "A connection needs a host and a port; local socket paths are not allowed."))
      return this
    }
    this.#open({ host: to.host, port: Number(to.port) }).then(
      (inner) => this.#attach(inner),
      (error: Error) => this.destroy(error),
    )
    return this
  }

  #attach(inner: Duplex): void {
    if (this.destroyed) {
      inner.destroy()
      return
    }
    this.#inner = inner
    inner.on("data", (chunk: Buffer) => {
      this.#touch()
      if (!this.push(chunk)) inner.pause()
    })
    inner.on("end", () => this.push(null))
    inner.on("error", (error) => this.destroy(error))
    inner.on("close", () => this.#onInnerClose(inner))
    this.connecting = false
    this.#touch()
    this.emit("connect")
    this.emit("ready")
    this.#resume?.()
  }

  #onInnerClose(inner: Duplex): void {
    // Data that arrived before the remote end closed may still be in our buffer: only a broken stream ends at once.
    if (inner.readableEnded && !this.readableEnded && inner.errored === null) return
    this.destroy(inner.errored ?? undefined)
  }

  override _read(): void {
    this.#inner?.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#touch()
    if (this.#inner) this.#inner.write(chunk, encoding, done)
    else this.#resume = () => this.#inner?.write(chunk, encoding, done)
  }

  /** Small pieces that were written together go out as one; each would cost a call of the system. */
  override _writev(chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done)
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#inner) {
      this.#resume = () => this.#inner?.end(() => done())
      return
    }
    if (this.#inner.destroyed) done()
    else this.#inner.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timeout)
    this.connecting = false
    this.#inner?.destroy()
    // A TLS layer above must report its own cause first; otherwise pg and mysql2 see a plain close (measured).
    setImmediate(() => done(error))
  }

  setTimeout(ms: number, listener?: () => void): this {
    if (listener) this.once("timeout", listener)
    this.#idleMs = ms
    this.#touch()
    return this
  }

  #touch(): void {
    clearTimeout(this.#timeout)
    if (this.#idleMs > 0 && !this.destroyed) this.#timeout = setTimeout(() => this.emit("timeout"), this.#idleMs).unref()
  }

  setNoDelay(on = true): this {
    if (this.#inner instanceof Socket) this.#inner.setNoDelay(on)
    return this
  }

  setKeepAlive(on = false, initialDelayMs = 0): this {
    if (this.#inner instanceof Socket) this.#inner.setKeepAlive(on, initialDelayMs)
    return this
  }

  ref(): this {
    if (this.#inner instanceof Socket) this.#inner.ref()
    return this
  }

  unref(): this {
    if (this.#inner instanceof Socket) this.#inner.unref()
    return this
  }

  /** Half-closes like `net.Socket#destroySoon`: ends after the last write, then destroys the socket. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once("finish", () => this.destroy())
  }
}
