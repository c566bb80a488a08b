import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import { advise, type Remedy } from "../../../core/remedies.ts"

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

interface Need {
  /** For `chmod`; of the path itself, or of the folder in which it lies. */
  readonly rights: string
  readonly of: "path" | "folder"
  /** What a failure mostly comes from, of which servers say nothing else. */
  readonly likely: string
}

const LOG = "see the server's log"
const FULL = "its disk may be full, or a quota used up"
const NEEDS: Readonly<Record<Doing["to"], Need>> = {
  list: { rights: "rx", of: "path", likely: LOG },
  read: { rights: "r", of: "path", likely: LOG },
  write: { rights: "wx", of: "folder", likely: FULL },
  make: { rights: "wx", of: "folder", likely: FULL },
  replace: { rights: "wx", of: "folder", likely: "there may be a file already, which the server cannot replace" },
}

/** The error of a request that a server refused, by its status code; `connection_lost` for one that was not answered. */
export function refusal(cause: Error, { to, path }: Doing, user: string): PlatformError {
  const code: unknown = Reflect.get(cause, "code")
  const { rights, of, likely } = NEEDS[to]
  const failed = (ours: ErrorCode, message: string, remedies: readonly Remedy[] = []): PlatformError =>
    new PlatformError(ours, message, { cause, remedies, ...(typeof code === "number" ? { details: { status: code } } : {}) })
  switch (code) {
    case NO_SUCH_FILE:
      return failed("stream_not_found", `The server has no ${path}; discover again, and take the path from the catalog.`)
    case PERMISSION_DENIED: {
      const place = of === "folder" ? path.slice(0, path.lastIndexOf("/")) || "/" : path
      const command = `chmod g+${rights} '${place.replaceAll("'", "'\\''")}'`
      return failed("permission_denied", `The user ${user} may not ${to} ${path}; allow it on the server, to a group with the user by ${command}.`, [
        advise(`Give the user ${user} the rights ${rights} on ${place}, by a group with the user and: ${command}`),
      ])
    }
    case FAILURE:
      return failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; ${likely}.`)
    case OP_UNSUPPORTED:
      return failed("unsupported", `The server does not know how to ${to} ${path}; use another SFTP server.`)
    default:
      return typeof code === "number"
        ? failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; ${LOG}.`)
        : failed("connection_lost", `The connection was lost before the server could ${to} ${path}; try again.`)
  }
}
