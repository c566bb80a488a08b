import { ERRORS, type ErrorCode, type Fault, PlatformError } from "../core/errors.ts"
import type { Remedy } from "../core/remedies.ts"

/** The exit codes of the process; scripts rely on them, and `--help` prints them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, denied: 4, notFound: 5, changes: 6, interrupted: 130 } as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** The part of `--help` that explains the exit codes. */
export const EXIT_HELP = `
Exit codes:
  0  ok
  1  the operation failed: a test, a query, a change that was rejected
  2  wrong usage, or an invalid configuration
  3  the hub cannot be reached
  4  not authenticated, or not allowed
  5  not found
  6  with --detailed-exitcode: there are changes
  130  interrupted`

/** Problem details (RFC 9457) as `--json` prints them on stderr; those of the hub are passed on unchanged. */
export interface Problem {
  readonly code: string
  readonly detail: string
  readonly next?: string
  readonly errors?: readonly Fault[]
  readonly requestId?: string
  readonly remedies?: readonly Remedy[]
  readonly [fact: string]: unknown
}

/** Ends a command with a problem to print and an exit code. Never leaves the folder of the command line. */
export class Failure extends Error {
  override readonly name = "Failure"
  readonly exit: Exit
  readonly problem: Problem
  /** The connector that the command names, for the commands that fix it. */
  connector?: string

  constructor(exit: Exit, problem: Problem, cause?: unknown) {
    super(problem.detail, cause === undefined ? undefined : { cause })
    this.exit = exit
    this.problem = problem
  }
}

/** A wrong command line; `detail` is one sentence that names the argument, `next` says what to write instead. */
export const usage = (detail: string, next?: string, errors?: readonly Fault[]): Failure =>
  new Failure(EXIT.usage, { code: "usage", detail, ...(next === undefined ? {} : { next }), ...(errors === undefined ? {} : { errors }) })

const BY_CODE: Readonly<Partial<Record<string, Exit>>> = {
  unauthenticated: EXIT.denied,
  forbidden: EXIT.denied,
  not_found: EXIT.notFound,
  store_unavailable: EXIT.unreachable,
  config_invalid: EXIT.usage,
  request_invalid: EXIT.usage,
  json_invalid: EXIT.usage,
}

/** The exit code for an error code of core/errors.ts; 1 for every failure of the operation itself. */
export const exitOf = (code: string): Exit => BY_CODE[code] ?? EXIT.failed

/** Converts any error to a printable failure: a sentence, a next step, an exit code; no stack and no secret. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof PlatformError)
    return new Failure(
      exitOf(error.code),
      {
        ...error.details,
        code: error.code,
        detail: error.message,
        next: nextOf(error.code),
        ...(error.faults.length === 0 ? {} : { errors: error.faults }),
        ...(error.remedies.length === 0 ? {} : { remedies: error.remedies }),
      },
      error,
    )
  return new Failure(EXIT.failed, { code: "internal", detail: "The command failed unexpectedly.", next: nextOf("internal") }, error)
}

const nextOf = (code: ErrorCode): string => ERRORS[code].next
