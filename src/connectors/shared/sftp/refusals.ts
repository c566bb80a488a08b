import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import { advise, type Remedy } from "../../../core/remedies.ts"

/** The purpose of a request. */
export interface Doing {
  readonly to: "list" | "read" | "write" | "replace" | "make"
  /** The path on the server. */
  readonly path: string
}

/** Status codes of SFTP 3 (draft-ietf-secsh-filexfer-02, section 7). */
const NO_SUCH_FILE = 2
const PERMISSION_DENIED = 3
const FAILURE = 4
const OP_UNSUPPORTED = 8

interface Need {
  /** The permissions that the user needs, on the path itself or on the folder that contains it, as `chmod` spells them. */
  readonly rights: string
  readonly of: "path" | "folder"
  /** The most likely cause of a general failure, or the next step; the server reports no more. */
  readonly likely: string
}

const LOG = "see the server's log"
const FULL = "its disk may be full, or a quota exceeded"
const NEEDS: Readonly<Record<Doing["to"], Need>> = {
  list: { rights: "rx", of: "path", likely: LOG },
  read: { rights: "r", of: "path", likely: LOG },
  write: { rights: "wx", of: "folder", likely: FULL },
  make: { rights: "wx", of: "folder", likely: FULL },
  replace: { rights: "wx", of: "folder", likely: "the file may exist already, and the server cannot replace files" },
}

/** The error of a request that failed, by the status code of the response; `connection_lost` if there was no response. */
export function refusal(cause: Error, { to, path }: Doing, user: string): PlatformError {
  const code: unknown = Reflect.get(cause, "code")
  const { rights, of, likely } = NEEDS[to]
  const failed = (ours: ErrorCode, message: string, remedies: readonly Remedy[] = []): PlatformError =>
    new PlatformError(ours, message, { cause, remedies, ...(typeof code === "number" ? { details: { status: code } } : {}) })
  switch (code) {
    case NO_SUCH_FILE:
      return failed("stream_not_found", `There is no ${path} on the server; discover again, and take the path from the catalog.`)
    case PERMISSION_DENIED: {
      const place = of === "folder" ? path.slice(0, path.lastIndexOf("/")) || "/" : path
      const command = `chmod g+${rights} '${place.replaceAll("'", "'\\''")}'`
      return failed(
        "permission_denied",
        `The user ${user} may not ${to} ${path}; allow it on the server, for example for a group of the user with: ${command}.`,
        [advise(`Give the user ${user} the permissions ${rights} on ${place}, for example through a group with: ${command}`)],
      )
    }
    case FAILURE:
      return failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; ${likely}.`)
    case OP_UNSUPPORTED:
      return failed("unsupported", `The server does not support the request to ${to} ${path}; use another SFTP server.`)
    default:
      return typeof code === "number"
        ? failed("remote_failed", `The server could not ${to} ${path}: ${cause.message}; ${LOG}.`)
        : failed("connection_lost", `The connection was lost before the server could ${to} ${path}; try again.`)
  }
}
