import type { Remedy } from "./remedies.ts"

/**
 * Every way in which a call can fail. HTTP statuses, retries, `docs/errors.md` and the compatible APIs read this
 * table. `status` is the HTTP status in the native API, `retry` says whether the same call may succeed later
 * unchanged, `means` and `next` are the sentences of the docs.
 */
export const ERRORS = {
  json_invalid: { status: 400, retry: false, means: "The body is not valid JSON.", next: "Send one JSON document in UTF-8." },
  request_invalid: {
    status: 422,
    retry: false,
    means: "The request has fields that are unknown, missing or of the wrong type.",
    next: "Correct every entry of `errors`; each names its place with a JSON pointer.",
  },
  path_invalid: { status: 400, retry: false, means: "The URL's path cannot be decoded.", next: "Percent-encode the path correctly." },
  content_type_unsupported: {
    status: 415,
    retry: false,
    means: "The body has a content type that this route does not accept.",
    next: "Send `content-type: application/json`.",
  },
  not_acceptable: {
    status: 406,
    retry: false,
    means: "The operation has no answer of a media type that the `Accept` header allows.",
    next: "Accept one of the types that the message names, or leave the header out.",
  },
  body_too_large: {
    status: 413,
    retry: false,
    means: "The body is larger than this route accepts.",
    next: "Send a smaller body; the message states the limit.",
  },
  method_not_allowed: {
    status: 405,
    retry: false,
    means: "The path exists, but it does not support this method.",
    next: "Use one of the methods in the `Allow` header.",
  },
  unauthenticated: {
    status: 401,
    retry: false,
    means: "The request has no API key or session, or the one it has is invalid, expired or revoked.",
    next: "Send `Authorization: Bearer <key>` or `x-api-key` with a valid key.",
  },
  forbidden: { status: 403, retry: false, means: "The caller's role does not allow this.", next: "Use a key of the role that the message names." },
  not_found: {
    status: 404,
    retry: false,
    means: "This workspace has nothing at this path or with this id or name.",
    next: "Check the id or name, and that the key belongs to the right workspace.",
  },
  name_taken: { status: 409, retry: false, means: "The name is already in use in this workspace.", next: "Choose another name, or change the existing item." },
  last_admin: {
    status: 409,
    retry: false,
    means: "The change would leave the workspace without an admin.",
    next: "Make someone else an admin first.",
  },
  in_use: { status: 409, retry: false, means: "The item is still in use.", next: "First remove the items that the message names." },
  version_stale: {
    status: 412,
    retry: false,
    means: "The item has changed since the version in `If-Match`.",
    next: "Read it again, then repeat the change on the new version.",
  },
  config_invalid: {
    status: 422,
    retry: false,
    means: "The connector's configuration has errors.",
    next: "Correct every entry of `errors`; each names its place with a JSON pointer.",
  },
  connector_incomplete: {
    status: 409,
    retry: false,
    means: "The connector is a draft that lacks required fields.",
    next: "Fill in the fields that the message names.",
  },
  credentials_refused: {
    status: 409,
    retry: false,
    means: "The system refused the connector's credentials, so the hub does not try them again: repeated failures may lock the account.",
    next: "Enter a new secret, switch or roll back the credentials, or test the connector; a test that passes clears this state.",
  },
  credentials_missing: { status: 409, retry: false, means: "This credential slot of the connector is empty.", next: "Stage the next credentials first." },
  credentials_untested: {
    status: 409,
    retry: false,
    means: "The staged credentials have not passed a test in their current form.",
    next: "Test them first, or switch with `force: true`.",
  },
  connector_disabled: { status: 409, retry: false, means: "The connector is disabled.", next: "Enable it first." },
  webhook_disabled: { status: 409, retry: false, means: "The webhook is disabled.", next: "Enable it first." },
  verification_failed: {
    status: 422,
    retry: false,
    means: "The test requested with `verify: true` failed, and nothing was stored.",
    next: "See `report` for the failed stage and its cause.",
  },
  catalog_missing: { status: 409, retry: false, means: "The connector has not been discovered yet.", next: "Run discovery first." },
  discovery_failed: {
    status: 502,
    retry: true,
    means: "The login worked, but the hub could not read the system's schema; nothing was stored.",
    next: "The message names the cause; grant the missing permission, then register the connector again.",
  },
  unsupported: { status: 400, retry: false, means: "This connector type cannot do that.", next: "See the capabilities of the type." },
  rate_limited: { status: 429, retry: true, means: "Too many calls in too short a time.", next: "Wait as long as `Retry-After` says." },
  plan_limit_reached: {
    status: 403,
    retry: false,
    means: "The workspace has reached a limit of its plan.",
    next: "Remove an item that is no longer needed, or ask an operator for a larger plan.",
  },
  circuit_open: {
    status: 503,
    retry: true,
    means: "The most recent tests did not reach the system, so the hub runs no further tests for a while.",
    next: "Wait as long as the message says, or change the configuration.",
  },
  idempotency_mismatch: {
    status: 422,
    retry: false,
    means: "The `Idempotency-Key` was used before with a different request.",
    next: "Use a new key for a new request.",
  },
  idempotency_running: {
    status: 409,
    retry: true,
    means: "The request with this `Idempotency-Key` is still running.",
    next: "Send it again after `Retry-After`; the response will be that of the first request.",
  },
  idempotency_unknown: {
    status: 409,
    retry: false,
    means:
      "The request with this `Idempotency-Key` was completed or started, and its response is lost: the hub stopped in between, or the response was longer than 1 MiB.",
    next: "See `done` for the committed changes and check that they exist; then use a new key.",
  },
  store_unavailable: {
    status: 503,
    retry: true,
    means: "The hub's own database does not respond.",
    next: "Retry after `Retry-After`; operators: check that the database is running.",
  },
  secret_unreadable: {
    status: 500,
    retry: false,
    means: "A stored secret cannot be decrypted with the hub's keys.",
    next: "Operators: check that the master key is the one that the secret was encrypted under; otherwise enter the secret again.",
  },
  keys_unavailable: {
    status: 503,
    retry: true,
    means: "The key service that holds the hub's master key does not respond, or denies the hub access.",
    next: "Operators: check that the service is running and grants the hub access; the hub keeps using the keys that it has already opened.",
  },
  backup_invalid: {
    status: 422,
    retry: false,
    means: "A backup file is damaged or incomplete, or could not be written (command line only).",
    next: "The message names the problem; make a new backup or use another copy.",
  },
  internal: { status: 500, retry: false, means: "The hub failed unexpectedly.", next: "Report it with the request id; the log has the cause." },

  egress_denied: {
    status: 403,
    retry: false,
    means: "The hub's network policy forbids the destination (only operators see this).",
    next: "Operators: the remedies have the rule that allows it. There is none for metadata services and for the hub's own addresses, which are never allowed.",
  },
  host_not_found: {
    status: 502,
    retry: true,
    means: "The host's name does not resolve (only operators see this).",
    next: "Check the name; private names need `JACKFIELD_DNS` or `JACKFIELD_HOSTS`.",
  },
  dns_failed: {
    status: 502,
    retry: true,
    means: "The DNS server failed or did not answer the query for the host's name (only operators see this).",
    next: "Try again in a moment; operators: check the DNS server, or set another one in `JACKFIELD_DNS`.",
  },
  host_unreachable: {
    status: 502,
    retry: true,
    means: "The hub could not connect to the host and port, or is not allowed to.",
    next: "Check the host, port and firewall; ask an operator whether the address is allowed.",
  },
  connection_lost: {
    status: 502,
    retry: true,
    means: "The connection broke while in use.",
    next: "Try again; if the problem persists, check the server's log.",
  },
  timed_out: {
    status: 504,
    retry: true,
    means: "The deadline passed before the system answered.",
    next: "Check that the right service listens there, or allow more time.",
  },
  cancelled: { status: 504, retry: true, means: "The caller disconnected or cancelled the call.", next: "Call again." },
  protocol_invalid: { status: 502, retry: false, means: "The server does not speak the expected protocol.", next: "Check the port and the TLS setting." },
  tls_unsupported: {
    status: 502,
    retry: false,
    means: "The server does not offer TLS.",
    next: "Enable TLS on the server, or choose `off` on a network that you trust.",
  },
  tls_required: { status: 502, retry: false, means: "The server requires TLS.", next: "Choose TLS `verify`, or `require`." },
  tls_name_mismatch: { status: 502, retry: false, means: "The server's certificate was issued for another name.", next: "Use the name in the certificate." },
  tls_untrusted: {
    status: 502,
    retry: false,
    means: "The server's certificate is not signed by a known authority.",
    next: "Provide the CA's certificate as PEM.",
  },
  tls_expired: { status: 502, retry: false, means: "The server's certificate has expired or is not valid yet.", next: "Renew the certificate on the server." },
  tls_failed: { status: 502, retry: false, means: "The TLS handshake failed.", next: "Check that the server speaks TLS 1.2 or newer on this port." },
  tunnel_failed: {
    status: 502,
    retry: true,
    means: "The SSH bastion could not connect to the target.",
    next: "Check that the bastion can reach the host and port, and that it allows forwarding.",
  },
  tunnel_auth_failed: {
    status: 502,
    retry: false,
    means: "The SSH bastion refused the login.",
    next: "Check the user, and the key and passphrase or the password.",
  },
  host_key_mismatch: {
    status: 502,
    retry: false,
    means: "The SSH server presented a host key that differs from the pinned one.",
    next: "If the change is expected, pin the fingerprint in the message.",
  },
  auth_failed: { status: 502, retry: false, means: "The system refused the credentials.", next: "Check the user and password, key or token." },
  permission_denied: { status: 502, retry: false, means: "The login works, but it lacks a permission.", next: "Grant the permission that the message names." },
  database_not_found: { status: 502, retry: false, means: "The server has no such database, schema or warehouse.", next: "Check its name." },
  too_many_connections: { status: 502, retry: true, means: "The server accepts no more connections.", next: "Try later, or raise its limit." },
  server_unavailable: {
    status: 502,
    retry: true,
    means: "The server is starting, shutting down, in recovery or overloaded.",
    next: "Try again in a moment.",
  },
  query_invalid: { status: 422, retry: false, means: "The system rejected the statement or the request.", next: "Correct the error that the message names." },
  stream_not_found: {
    status: 404,
    retry: false,
    means: "The system has no such table or resource.",
    next: "Run discovery again, and use a path from the catalog.",
  },
  response_too_large: { status: 502, retry: false, means: "The response is larger than the limit.", next: "Request less data, or stream it." },
  redirected_too_often: {
    status: 502,
    retry: false,
    means: "The server redirects too many times, or in a loop.",
    next: "Use the URL at which the redirects end.",
  },
  response_invalid: { status: 502, retry: false, means: "The hub could not read the response.", next: "Check the URL and the expected format." },
  remote_failed: { status: 502, retry: true, means: "The system returned an error of its own.", next: "See the message; it comes from the system." },
} as const satisfies Record<string, { status: number; retry: boolean; means: string; next: string }>

export type ErrorCode = keyof typeof ERRORS

/** One fault of an input: its place (a JSON pointer, RFC 6901) and the problem. */
export interface Fault {
  readonly pointer: string
  readonly message: string
}

export interface PlatformErrorOptions {
  readonly cause?: unknown
  /** Facts for the caller, JSON only: `{ stage, allowWith, … }`. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
  /** All faults of an input at once. */
  readonly faults?: readonly Fault[]
  /** What mends the failure, best first. */
  readonly remedies?: readonly Remedy[]
}

/**
 * The only error that crosses a folder. `message` is one sentence that names the thing and the next step and is safe
 * to show; `cause` is only for the log.
 */
export class PlatformError extends Error {
  override readonly name = "PlatformError"
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly faults: readonly Fault[]
  readonly remedies: readonly Remedy[]

  constructor(code: ErrorCode, message: string, options: PlatformErrorOptions = {}) {
    // Remote texts may contain null characters, which no database stores; the failure must be recorded all the same.
    super(message.replaceAll("\0", "").toWellFormed(), options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.faults = options.faults ?? []
    this.remedies = options.remedies ?? []
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retry
  }
}

/**
 * The first PlatformError in a chain of causes, at most eight deep, because drivers wrap the errors of the door in
 * their own.
 */
export function platformErrorIn(error: unknown): PlatformError | undefined {
  let current = error
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (current instanceof PlatformError) return current
    if (current instanceof AggregateError) {
      for (const inner of current.errors) {
        const found = platformErrorIn(inner)
        if (found) return found
      }
    }
    current = current.cause
  }
  return undefined
}
