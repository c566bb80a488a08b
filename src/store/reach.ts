import { readFile, readlink, realpath, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { freePort, isAlive, OWNER, readPostmaster, type Spawned, spawnServer, stopServer } from "./cluster.ts"
import { endWithThisProcess } from "./last-resort.ts"
import type { Place } from "./place.ts"

/** A running server that serves the cluster of a place. */
export interface Reached {
  readonly pid: number
  readonly port: number
  readonly adopted: boolean
  /** Lets the server live when this process exits, because it belongs to another hub; undefined for one that was found running. */
  readonly disown?: () => void
}

export interface ReachOptions {
  /** The preferred port. */
  readonly port?: number | undefined
  /** Ends the wait for a server that was started here, and that server. */
  readonly signal?: AbortSignal | undefined
}

/** The time limit for a clean stop of a server that is still starting, in milliseconds. */
const STOP_MS = 8_000
/** The time limit for the server to answer, which includes crash recovery after a power cut. */
const READY_MS = 120_000
/** The number of attempts to start a server whose process ends at once. */
const STARTS = 8

/**
 * Finds the running server of a place, or starts it, and waits until it answers with the cluster's own system
 * identifier. PlatformError `store_unavailable` with the end of the log as its cause. A server that was started here ends
 * with this process.
 */
export async function reachServer(place: Place, { port, signal }: ReachOptions = {}): Promise<Reached> {
  const end = Date.now() + READY_MS
  for (let starts = 0; Date.now() < end; ) {
    const running = await runningServer(place)
    if (running) {
      const answer = await probe(place, running.port)
      if (answer === "ours") return { ...running, adopted: starts === 0 }
      if (answer === "other")
        throw new PlatformError("store_unavailable", `The server on port ${running.port} does not serve ${place.cluster}; check process ${running.pid}.`)
      await pause(30)
      continue
    }
    signal?.throwIfAborted()
    if (starts++ === STARTS) break
    const reached = await startServer(place, await choosePort(port, starts), end, signal)
    if (reached) return reached
    // After a server was killed, its sessions hold its shared memory for a moment longer.
    await pause(200)
  }
  throw await notStarted(place)
}

/**
 * The process that `postmaster.pid` names, if it is alive and belongs to this cluster; removes the file if the
 * process certainly does not.
 */
async function runningServer(place: Place): Promise<{ pid: number; port: number } | undefined> {
  const named = await readPostmaster(place.cluster)
  if (!named || !isAlive(named.pid)) return undefined
  const workingFolder = await readlink(`/proc/${named.pid}/cwd`).catch(() => undefined)
  // PostgreSQL works in its data folder; another folder means that the id now belongs to another process.
  if (workingFolder === undefined || workingFolder === (await realpath(place.cluster))) return named
  await rm(join(place.cluster, "postmaster.pid"), { force: true })
  return undefined
}

type Answer = "ours" | "other" | "not yet"

async function probe(place: Place, port: number): Promise<Answer> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: OWNER, password: place.password, database: "postgres", connectionTimeoutMillis: 2_000 })
  client.on("error", () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ id: string }>("select system_identifier::text as id from pg_control_system()")
    return rows[0]?.id === place.systemIdentifier ? "ours" : "other"
  } catch (error) {
    return error instanceof pg.DatabaseError && error.code?.startsWith("28") ? "other" : "not yet"
  } finally {
    await client.end().catch(() => undefined)
  }
}

/**
 * Undefined if the new process ended: the port was taken in the meantime, or another hub started the same cluster
 * first.
 */
async function startServer(place: Place, port: number, end: number, signal?: AbortSignal): Promise<Reached | undefined> {
  const spawned: Spawned = await spawnServer(place.binaries, { folder: place.cluster, port, logFile: place.logFile, as: place.as })
  const disown = endWithThisProcess(spawned.pid, "SIGINT")
  let gone = false
  void spawned.exited.then(() => {
    gone = true
    disown()
  })
  while (!gone && Date.now() < end) {
    if (signal?.aborted) {
      await stopServer(place.binaries, place.cluster, spawned.pid, STOP_MS)
      signal.throwIfAborted()
    }
    const found = await readPostmaster(place.cluster)
    if (found?.pid === spawned.pid && (await probe(place, port)) === "ours") return { pid: spawned.pid, port, adopted: false, disown }
    await pause(20)
  }
  return undefined
}

async function choosePort(preferred: number | undefined, start: number): Promise<number> {
  if (preferred === undefined || start > 2) return freePort()
  const server = createServer()
  const free = await new Promise<boolean>((resolve) => server.once("error", () => resolve(false)).listen(preferred, "127.0.0.1", () => resolve(true)))
  await new Promise((resolve) => server.close(resolve))
  return free ? preferred : freePort()
}

async function notStarted(place: Place): Promise<PlatformError> {
  const log = (await readFile(place.logFile, "utf8").catch(() => "")).trim().split("\n").slice(-20).join("\n")
  const reason = /(?:FATAL|PANIC): {2}(.*)/.exec(log.split("\n").reverse().join("\n"))?.[1]
  const why = reason === undefined ? "" : ` It reported: ${reason}.`
  return new PlatformError("store_unavailable", `The embedded PostgreSQL does not start; see ${place.logFile}.${why}`, { cause: new Error(log) })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
