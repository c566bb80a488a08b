import { type DestinationStream, type Logger, pino, stdSerializers } from "pino"
import { Scrubber, scrubLive } from "./core/scrub.ts"

/** A stream that lines go to; `process.stdout` is one. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** An output that writes what comes within one turn of the event loop at once: a pipe takes 0.1 ms for each write, however short. `flush` is for the end. */
export function gathered(output: Output): Output & { flush(): void } {
  let held = ""
  const flush = (): void => {
    if (held === "") return
    const text = held
    held = ""
    output.write(text)
  }
  const write = (text: string): void => {
    if (held === "") setImmediate(flush)
    held += text
    if (held.length > HELD_MAX_CHARACTERS) flush()
  }
  return { ...(output.isTTY === undefined ? {} : { isTTY: output.isTTY }), write, flush }
}

/**
 * The hub's log, scrubbed of every secret that is in use: JSON lines, or one readable line each when a person is
 * watching (a terminal).
 */
export function createLog(level: string, output: Output): Logger {
  const destination: DestinationStream = { write: output.isTTY === true ? (line) => void output.write(readable(line)) : (line) => void output.write(line) }
  return pino({ level, base: null, serializers: { err: plain }, redact: ["password", "key", "token"], hooks: { streamWrite: scrubLive } }, destination)
}

const HELD_MAX_CHARACTERS = 65_536

const nothing = new Scrubber([])

/** Of an error its name, code, message, stack and causes alone: what else hangs on it (a config, a row, a socket) is nobody's to read. */
const plain = (error: unknown): unknown => stdSerializers.err(nothing.error(error) ?? new Error("unknown"))

const LEVELS: Readonly<Record<number, string>> = { 10: "trace", 20: "debug", 30: "info", 40: "WARN", 50: "ERROR", 60: "FATAL" }

/** `16:25:03 info  ready  url=http://127.0.0.1:7420`; errors with their stack below. */
function readable(line: string): string {
  const { level, time, msg, reqId, err, ...facts } = JSON.parse(line) as Record<string, unknown> & { err?: { stack?: string } }
  const clock = new Date(Number(time)).toTimeString().slice(0, 8)
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
  const request = reqId === undefined || Number(level) < 40 ? [] : [`request=${String(reqId)}`]
  const stack = err?.stack === undefined ? "" : `\n${err.stack}`
  return `${[clock, (LEVELS[Number(level)] ?? "info").padEnd(5), String(msg), ...shown, ...request].join("  ")}${stack}\n`
}
