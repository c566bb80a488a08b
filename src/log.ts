import { type DestinationStream, type Logger, pino } from "pino"
import { scrubLive } from "./core/scrub.ts"

/** The hub's log: JSON lines, each scrubbed of every secret that is in use, and without headers that hold credentials. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: ["req.headers.authorization", "req.headers['x-api-key']", "password", "key", "token"],
    hooks: { streamWrite: scrubLive },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
