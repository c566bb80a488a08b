/**
 * Every way a call can fail, once. HTTP statuses, retries, `docs/errors.md` and the compatible APIs read this table.
 * `status` is the native API's HTTP status, `retry` says whether the same call may succeed later unchanged,
 * `means` and `next` are the sentences of the docs.
 */
export const ERRORS = {
  json_invalid: { status: 400, retry: false, means: "The body is not valid JSON.", next: "Send one JSON document in UTF-8." },
  request_invalid: {
    status: 422,
    retry: false,
    means: "The request has fields that are unknown, missing or of the wrong type.",
    next: "Mend every fault listed in `errors`; each names its place with a JSON pointer.",
  },
  path_invalid: { status: 400, retry: false, means: "The URL's path cannot be decoded.", next: "Percent-encode the path correctly." },
  content_type_unsupported: {
    status: 415,
    retry: false,
    means: "The body has a content type that this route does not take.",
    next: "Send `content-type: application/json`.",
  },
  body_too_large: { status: 413, retry: false, means: "The body is larger than this route takes.", next: "Send at most what the message says." },
  method_not_allowed: { status: 405, retry: false, means: "The path exists, the method does not.", next: "Use one of the methods in the `Allow` header." },
  unauthenticated: {
    status: 401,
    retry: false,
    means: "No valid API key or session came with the request, or it has expired or was revoked.",
    next: "Send `Authorization: Bearer <key>` or `x-api-key` with a live key.",
  },
  forbidden: { status: 403, retry: false, means: "The caller's role does not allow this.", next: "Use a key of the role that the message names." },
  not_found: {
    status: 404,
    retry: false,
    means: "There is no such thing in this workspace.",
    next: "Check the id or name, and that the key belongs to the right workspace.",
  },
  name_taken: { status: 409, retry: false, means: "Another thing in the workspace has that name.", next: "Choose another name, or change the existing one." },
  last_admin: {
    status: 409,
    retry: false,
    means: "It would leave the workspace without an admin.",
    next: "Make somebody else an admin first.",
  },
  in_use: { status: 409, retry: false, means: "Something still uses it.", next: "Remove what the message names first." },
  version_stale: {
    status: 412,
    retry: false,
    means: "It was changed since the version in `If-Match`.",
    next: "Read it again, then repeat the change on what you find.",
  },
  config_invalid: {
    status: 422,
    retry: false,
    means: "The connector's configuration has faults.",
    next: "Mend every fault listed in `errors`; each names its place with a JSON pointer.",
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
    means: "The system refused the connector's credentials, so nothing tries them again: an account may be locked after a few failures.",
    next: "Enter a new secret, switch or roll back the credentials, or test the connector; a test that passes lifts it.",
  },
  credentials_missing: { status: 409, retry: false, means: "That slot of the connector's credentials is empty.", next: "Stage the next credentials first." },
  credentials_untested: {
    status: 409,
    retry: false,
    means: "The staged credentials have not passed a test as they are now.",
    next: "Test them first, or switch with `force: true`.",
  },
  connector_disabled: { status: 409, retry: false, means: "The connector is switched off.", next: "Enable it first." },
  webhook_disabled: { status: 409, retry: false, means: "The webhook is switched off.", next: "Enable it first." },
  verification_failed: {
    status: 422,
    retry: false,
    means: "The test asked for with `verify: true` failed, and nothing was stored.",
    next: "See `report` for the stage and its cause.",
  },
  catalog_missing: { status: 409, retry: false, means: "The connector was never discovered.", next: "Run discovery first." },
  discovery_failed: {
    status: 502,
    retry: true,
    means: "The system let the hub in, but its schema could not be read, and nothing was stored.",
    next: "See the message for the cause; grant what is missing, then register it again.",
  },
  unsupported: { status: 400, retry: false, means: "This connector type cannot do that.", next: "See the capabilities of the type." },
  rate_limited: { status: 429, retry: true, means: "Too many calls in too short a time.", next: "Wait as long as `Retry-After` says." },
  plan_limit_reached: {
    status: 403,
    retry: false,
    means: "The workspace's plan allows no more of these.",
    next: "Remove one that is not needed, or ask an operator for a larger plan.",
  },
  circuit_open: {
    status: 503,
    retry: true,
    means: "The last tests in a row did not reach the system, so no further one is made for a while.",
    next: "Wait as long as the message says, or change the configuration.",
  },
  idempotency_mismatch: {
    status: 422,
    retry: false,
    means: "The `Idempotency-Key` was sent with another request before.",
    next: "Use a new key for a new request.",
  },
  idempotency_running: {
    status: 409,
    retry: true,
    means: "The request with this `Idempotency-Key` is still being carried out.",
    next: "Send it again after `Retry-After`; the answer will be the first one's.",
  },
  idempotency_unknown: {
    status: 409,
    retry: false,
    means:
      "The request with this `Idempotency-Key` was carried out or begun, and its answer is lost: the hub ended in between, or the answer was longer than 1 MiB.",
    next: "See `done` for what was committed, and look whether it is there; then use a new key.",
  },
  store_unavailable: {
    status: 503,
    retry: true,
    means: "The hub's own database does not answer.",
    next: "Retry after `Retry-After`; operators: see that the database runs.",
  },
  secret_unreadable: {
    status: 500,
    retry: false,
    means: "A stored secret does not open with the hub's keys.",
    next: "Operators: check that the master key is the one it was stored under; otherwise enter the secret again.",
  },
  keys_unavailable: {
    status: 503,
    retry: true,
    means: "The key service that holds the hub's master key does not answer, or refuses the hub.",
    next: "Operators: see that the service runs and lets the hub in; what the hub has opened before goes on working.",
  },
  backup_invalid: {
    status: 422,
    retry: false,
    means: "A backup file is not whole, or could not be written (command line only).",
    next: "See the message for what is wrong with the file; take or fetch another.",
  },
  internal: { status: 500, retry: false, means: "The hub failed in a way it does not explain.", next: "Report it with the request id; the log has the cause." },

  egress_denied: {
    status: 403,
    retry: false,
    means: "The hub's network policy forbids the destination (only operators see this).",
    next: "Operators: allow it with `jackfield egress allow`.",
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
    means: "The DNS server failed or did not answer when asked for the host's name (only operators see this).",
    next: "Try again in a moment; operators: check the DNS server, or name another one by `JACKFIELD_DNS`.",
  },
  host_unreachable: {
    status: 502,
    retry: true,
    means: "No connection to the host and port could be made, or it is not allowed.",
    next: "Check host, port and firewall; ask an operator whether the address is allowed.",
  },
  connection_lost: { status: 502, retry: true, means: "The connection broke while in use.", next: "Try again; if it stays, look at the server's log." },
  timed_out: {
    status: 504,
    retry: true,
    means: "The deadline passed before the system answered.",
    next: "Check that the right service listens there, or allow more time.",
  },
  cancelled: { status: 504, retry: true, means: "The caller went away or cancelled before the end.", next: "Call again." },
  protocol_invalid: { status: 502, retry: false, means: "What answered does not speak the expected protocol.", next: "Check the port and the TLS setting." },
  tls_unsupported: {
    status: 502,
    retry: false,
    means: "The server does not offer TLS.",
    next: "Switch TLS on at the server, or choose `off` on a network that you trust.",
  },
  tls_required: { status: 502, retry: false, means: "The server insists on TLS.", next: "Choose TLS `verify`, or `require`." },
  tls_name_mismatch: { status: 502, retry: false, means: "The server's certificate is for another name.", next: "Use the name that the certificate has." },
  tls_untrusted: {
    status: 502,
    retry: false,
    means: "The server's certificate is not signed by a known authority.",
    next: "Give the CA's certificate as PEM.",
  },
  tls_expired: { status: 502, retry: false, means: "The server's certificate is not valid now.", next: "Renew the certificate at the server." },
  tls_failed: { status: 502, retry: false, means: "The TLS handshake failed.", next: "Check that the server speaks TLS 1.2 or newer on this port." },
  tunnel_failed: {
    status: 502,
    retry: true,
    means: "The SSH bastion could not open the way to the target.",
    next: "Check host and port as the bastion sees them, and that it allows forwarding.",
  },
  tunnel_auth_failed: { status: 502, retry: false, means: "The SSH bastion refused the login.", next: "Check user, key and passphrase, or password." },
  host_key_mismatch: {
    status: 502,
    retry: false,
    means: "The SSH bastion showed another host key than the pinned one.",
    next: "If the change is wanted, pin the fingerprint in the message.",
  },
  auth_failed: { status: 502, retry: false, means: "The system refused the credentials.", next: "Check user and password, key or token." },
  permission_denied: { status: 502, retry: false, means: "The login works, but it lacks a permission.", next: "Grant what the message names." },
  database_not_found: { status: 502, retry: false, means: "The server has no such database, schema or warehouse.", next: "Check its name." },
  too_many_connections: { status: 502, retry: true, means: "The server takes no more connections.", next: "Try later, or raise its limit." },
  server_unavailable: {
    status: 502,
    retry: true,
    means: "The server is starting, stopping or in recovery, or answers that it is overloaded.",
    next: "Try again in a moment.",
  },
  query_invalid: { status: 422, retry: false, means: "The system refused the statement or the request.", next: "Mend what the message names." },
  stream_not_found: {
    status: 404,
    retry: false,
    means: "The system has no such table or resource.",
    next: "Discover again, and take a path from the catalog.",
  },
  response_too_large: { status: 502, retry: false, means: "The answer is larger than the cap.", next: "Ask for less, or stream it." },
  redirected_too_often: {
    status: 502,
    retry: false,
    means: "The server redirects again and again, or in a circle.",
    next: "Give the URL where the redirects end.",
  },
  response_invalid: { status: 502, retry: false, means: "The answer could not be read.", next: "Check the URL and the expected format." },
  remote_failed: { status: 502, retry: true, means: "The system answered with an error of its own.", next: "See the message; it is the system's." },
} as const satisfies Record<string, { status: number; retry: boolean; means: string; next: string }>

export type ErrorCode = keyof typeof ERRORS

/** One fault of an input: where it is (a JSON pointer, RFC 6901) and what is wrong with it. */
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
}

/**
 * The only error that crosses a folder. `message` is one sentence that names the thing and the next step and is
 * safe to show; `cause` is for the log alone.
 */
export class PlatformError extends Error {
  override readonly name = "PlatformError"
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly faults: readonly Fault[]

  constructor(code: ErrorCode, message: string, options: PlatformErrorOptions = {}) {
    // What a far side says may hold null characters, which no database stores; a failure must be noted all the same.
    super(message.replaceAll("\0", "").toWellFormed(), options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.faults = options.faults ?? []
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retry
  }
}

/** The first PlatformError in a chain of causes, at most eight deep; drivers wrap the door's errors in their own. */
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
