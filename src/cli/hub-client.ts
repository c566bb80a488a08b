import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { EXIT, exitOf, Failure, type Problem } from "./failure.ts"
import type { Shell } from "./shell.ts"
import { stopped } from "./terminal.ts"

/** The hub's HTTP API for the commands. Every failure is a `Failure` with the exit code of its kind. */
export interface HubClient {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  /** Sends a change; with `version`, the hub rejects it if the version has changed in the meantime. */
  patch<T>(path: string, body: unknown, version?: number): Promise<T>
  put<T>(path: string, body: unknown, version?: number): Promise<T>
  remove(path: string, version?: number): Promise<void>
  /** Posts a stream of any length as the body. */
  send<T>(path: string, body: ReadableStream<Uint8Array>): Promise<T>
  /** The response as it arrives, in pieces. */
  stream(path: string, accept: string, body?: unknown): AsyncGenerator<Uint8Array>
  /**
   * An NDJSON response, line by line as it arrives. A stream that ends early causes a failure and is never silently
   * short.
   */
  lines(path: string, body?: unknown): AsyncGenerator<string>
}

interface HubAddress {
  readonly url: string
  readonly key: string | undefined
}

/**
 * Finds the hub: `JACKFIELD_URL` and `JACKFIELD_KEY`, or the file that the first start wrote into `JACKFIELD_DATA`.
 */
async function findHub(env: Shell["env"]): Promise<HubAddress> {
  const url = env["JACKFIELD_URL"] || undefined
  const key = env["JACKFIELD_KEY"] || undefined
  if (url !== undefined && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) throw badUrl()
  if (url !== undefined && key !== undefined) return { url, key }
  const path = join(env["JACKFIELD_DATA"] || "data", "cli.json")
  const file = await readAddress(path)
  // The file's key belongs to the file's hub and is never sent to another one.
  if (url !== undefined) return { url, key: file !== undefined && new URL(file.url).origin === new URL(url).origin ? file.key : undefined }
  if (file !== undefined) return { url: file.url, key: key ?? file.key }
  throw new Failure(EXIT.unreachable, {
    code: "hub_unknown",
    detail: `No hub is configured: ${path} does not exist and JACKFIELD_URL is not set.`,
    next: "Start one with `npm start` and run this in the same folder, or set JACKFIELD_URL and JACKFIELD_KEY.",
  })
}

const badUrl = (): Failure =>
  new Failure(EXIT.usage, { code: "usage", detail: "JACKFIELD_URL is not an http(s) URL.", next: "Set it to something like http://127.0.0.1:7420." })

/** The URL for display, without a login that a user wrote into it. */
function withoutLogin(text: string): string {
  const url = new URL(text)
  url.username = ""
  url.password = ""
  return url.href.replace(/\/$/, "")
}

async function readAddress(path: string): Promise<{ url: string; key: string } | undefined> {
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw new Failure(
      EXIT.denied,
      { code: "hub_unknown", detail: `${path} cannot be read.`, next: "Run this as the user who started the hub, or set JACKFIELD_URL and JACKFIELD_KEY." },
      error,
    )
  }
  try {
    const { url, key } = JSON.parse(text) as { url: unknown; key: unknown }
    if (typeof url === "string" && URL.canParse(url) && typeof key === "string") return { url, key }
  } catch {
    // Not JSON: the advice is the same as for JSON with another structure.
  }
  throw new Failure(EXIT.usage, {
    code: "hub_unknown",
    detail: `${path} does not have the hub's format.`,
    next: "Remove it and start the hub again, or set JACKFIELD_URL and JACKFIELD_KEY.",
  })
}

export async function connectHub(shell: Shell): Promise<HubClient> {
  const { url, key } = await findHub(shell.env)
  const base = url.replace(/\/+$/, "")
  const unreachable = (cause: unknown): Failure =>
    shell.signal.aborted
      ? stopped()
      : new Failure(
          EXIT.unreachable,
          {
            code: "hub_unreachable",
            detail: `The hub at ${withoutLogin(base)} does not answer.`,
            next: "Start it with `npm start`, or set JACKFIELD_URL to its address.",
          },
          cause,
        )

  async function call(method: string, path: string, accept: string, body?: unknown, version?: number): Promise<Response> {
    if (key === undefined)
      throw new Failure(EXIT.denied, {
        code: "unauthenticated",
        detail: `There is no key for the hub at ${base}.`,
        next: "Set JACKFIELD_KEY to one of its API keys.",
      })
    let response: Response
    try {
      response = await fetch(`${base}${path}`, {
        method,
        // A key is sent only to its own hub, never to a host that the hub redirects to.
        redirect: "error",
        headers: {
          accept,
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": body instanceof ReadableStream ? "application/octet-stream" : "application/json" }),
          ...(version === undefined ? {} : { "if-match": `"${version}"` }),
        },
        ...(body === undefined ? {} : body instanceof ReadableStream ? { body, duplex: "half" as const } : { body: JSON.stringify(body) }),
        signal: shell.signal,
      })
    } catch (error) {
      throw unreachable(error)
    }
    if (!response.ok) throw await refusal(response, base)
    return response
  }

  async function json<T>(response: Response): Promise<T> {
    try {
      return (response.status === 204 ? undefined : await response.json()) as T
    } catch (error) {
      throw error instanceof SyntaxError ? notAHub(base, error) : unreachable(error)
    }
  }

  async function* stream(path: string, accept: string, body?: unknown): AsyncGenerator<Uint8Array> {
    const response = await call(body === undefined ? "GET" : "POST", path, accept, body)
    try {
      if (response.body !== null) for await (const piece of response.body) yield piece
    } catch (error) {
      if (error instanceof Failure) throw error
      throw shell.signal.aborted ? stopped() : brokenOff(error)
    }
  }

  async function* lines(path: string, body?: unknown): AsyncGenerator<string> {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const piece of stream(path, "application/x-ndjson", body)) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split("\n")
      rest = parts.pop() ?? ""
      for (const line of parts) {
        if (line.startsWith('{"$error"')) throw endOf(line, base)
        if (line !== "") yield line
      }
    }
    if (rest.trim() !== "") throw brokenOff(undefined)
  }

  return {
    get: async <T>(path: string) => json<T>(await call("GET", path, "application/json")),
    post: async <T>(path: string, body?: unknown) => json<T>(await call("POST", path, "application/json", body ?? {})),
    patch: async <T>(path: string, body: unknown, version?: number) => json<T>(await call("PATCH", path, "application/json", body, version)),
    put: async <T>(path: string, body: unknown, version?: number) => json<T>(await call("PUT", path, "application/json", body, version)),
    send: async <T>(path: string, body: ReadableStream<Uint8Array>) => json<T>(await call("POST", path, "application/json", body)),
    remove: async (path, version) => {
      await (await call("DELETE", path, "application/json", undefined, version)).arrayBuffer()
    },
    stream,
    lines,
  }
}

/** The failure in the last line of a stream. */
function endOf(line: string, base: string): Failure {
  try {
    const { $error } = JSON.parse(line) as { $error: unknown }
    return problemFailure($error, 0) ?? brokenOff(undefined)
  } catch (error) {
    return notAHub(base, error)
  }
}

const brokenOff = (cause: unknown): Failure =>
  new Failure(
    EXIT.failed,
    { code: "connection_lost", detail: "The response ended early; the output is incomplete.", next: "Try again; the hub's log has the cause." },
    cause,
  )

const notAHub = (base: string, cause: unknown): Failure =>
  new Failure(
    EXIT.unreachable,
    { code: "hub_unreachable", detail: `The server at ${base} is not a Jackfield hub.`, next: "Set JACKFIELD_URL to the hub's address." },
    cause,
  )

/** The problem that the hub sent, or a failure if the response is not a problem document. */
async function refusal(response: Response, base: string): Promise<Failure> {
  let body: unknown
  try {
    body = await response.json()
  } catch (error) {
    return notAHub(base, error)
  }
  return problemFailure(body, response.status) ?? notAHub(base, undefined)
}

function problemFailure(body: unknown, status: number): Failure | undefined {
  if (body === null || typeof body !== "object") return undefined
  const { code, detail, message } = body as Record<string, unknown>
  const text = typeof detail === "string" ? detail : message
  if (typeof code !== "string" || typeof text !== "string") return undefined
  const problem: Problem = { ...(body as Record<string, unknown>), code, detail: text }
  return new Failure(status === 404 ? EXIT.notFound : exitOf(code), problem)
}
