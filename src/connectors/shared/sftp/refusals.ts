import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import { advise } from "../../../core/remedies.ts"

/** What the server was asked for. */
export interface Doing {
  readonly to: "list" | "read" | "write" | "replace" | "make"
  /** On the server. */
  readonly path: string
}

/** Status codes of SFTP 3 (draft-ietf-secsh-filexfer-02, section 7). */
const NO_SUCH_FILE = 2
const PERMISSION_DENIED = 3
const FAILURE = 4
const OP_UNSUPPORTED = 8

/** The rights that a user needs, for `chmod`, and of what. */
const RIGHTS: Readonly<Record<Doing["to"], readonly [rights: string, folder: boolean]>> = {
  list: ["rx", false],
  read: ["r", false],
  write: ["wx", true],
  replace: ["wx", true],
  make: ["wx", true],
}

/** The error of a request that a server refused, by its status code; `connection_lost` for one that was not answered. */
export function refusal(cause: Error, { to, path }: Doing, user: string): PlatformError {
  const code: unknown = Reflect.get(cause, "code")
  const failed = (ours: ErrorCode, message: string, remedies = [] as ReturnType<typeof advise>[]): PlatformError =>
    new PlatformError(ours, message, { cause, remedies, ...(typeof code === "number" ? { details: { status: code } } : {}) })
  switch (code) {
    case NO_SUCH_FILE:
      return failed("stream_not_found", `The server has no ${path}; discover again, and take the path from the catalog.`)
    case PERMISSION_DENIED: {
      const [rights, ofFolder] = RIGHTS[to]
      const place = ofFolder ? path.slice(0, path.lastIndexOf("/")) || "/" : path
      const command = `chmod o+${rights} '${place.replaceAll("'", "'\\''")}'`
      return failed("permission_denied", `The user ${user} may not ${to} ${path}; allow it on the server, to everybody by ${command}.`, [
        advise(`Give the user ${user} the rights ${rights} on ${place}, to everybody by: ${command}`),
      ])
    }
    case FAILURE:
      return to === "list" || to === "read"
        ? failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; see the server's log.`)
        : failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; its disk may be full, or a quota used up.`)
    case OP_UNSUPPORTED:
      return failed("unsupported", `The server does not know how to ${to} ${path}; use another SFTP server.`)
    default:
      return typeof code === "number"
        ? failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; see the server's log.`)
        : failed("connection_lost", `The connection was lost before the server could ${to} ${path}; try again.`)
  }
}
