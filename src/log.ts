import { type DestinationStream, type Logger, pino, stdSerializers } from "pino"
import { Scrubber, scrubLive } from "./core/scrub.ts"

/** A destination for lines, such as `process.stdout`. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * An output that combines all writes within one turn of the event loop, because each write to a pipe takes 0.1 ms,
 * however short. `flush` is for the end of the process.
 */
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
 * The hub's log, scrubbed of every secret that is in use: JSON lines, or one readable line per entry on a terminal.
 */
export function createLog(level: string, output: Output): Logger {
  const destination: DestinationStream = { write: output.isTTY === true ? (line) => void output.write(readable(line)) : (line) => void output.write(line) }
  return pino({ level, base: null, serializers: { err: plain }, redact: ["password", "key", "token"], hooks: { streamWrite: scrubLive } }, destination)
}

const HELD_MAX_CHARACTERS = 65_536

const nothing = new Scrubber([])

/**
 * Only the name, code, message, stack and causes of an error; its other properties (a config, a row, a socket) do not
 * belong in the log.
 */
const plain = (error: unknown): unknown => stdSerializers.err(nothing.error(error) ?? new Error("unknown"))

const LEVELS: Readonly<Record<number, string>> = { 10: "trace", 20: "debug", 30: "info", 40: "WARN", 50: "ERROR", 60: "FATAL" }

/** `16:25:03 info  ready  url=http://127.0.0.1:7420`; the stack of an error follows on the next lines. */
function readable(line: string): string {
  const { level, time, msg, reqId, err, ...facts } = JSON.parse(line) as Record<string, unknown> & { err?: { stack?: string } }
  const clock = new Date(Number(time)).toTimeString().slice(0, 8)
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
  const request = reqId === undefined || Number(level) < 40 ? [] : [`request=${String(reqId)}`]
  const stack = err?.stack === undefined ? "" : `\n${err.stack}`
  return `${[clock, (LEVELS[Number(level)] ?? "info").padEnd(5), String(msg), ...shown, ...request].join("  ")}${stack}\n`
}
