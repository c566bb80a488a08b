import type { Call } from "../../../core/call.ts"
import { type Config, choice } from "../../../core/fields.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { AuthConfig } from "./auth/fields.ts"
import type { HttpClient } from "./client.ts"

/** How a URL that takes requests is tested without sending it one. */
export const unsentField = choice("Test request", ["options", "head"], {
  default: "options",
  help: "OPTIONS, and HEAD if the receiver does not answer that; or HEAD alone. A test sends no other method, and no rows.",
})

/** The answer to a request that changes nothing. */
export interface Unsent {
  readonly method: "OPTIONS" | "HEAD"
  readonly answer: HttpAnswer
}

/** The answer to OPTIONS; to HEAD where the choice says so, or where the receiver does not know OPTIONS and names no methods. */
export async function askUnsent(
  choice: Config<{ probe: typeof unsentField }>["probe"],
  http: HttpClient,
  request: (method: Unsent["method"]) => HttpRequest,
  call: Call,
): Promise<Unsent> {
  const answerTo = async (method: Unsent["method"]): Promise<Unsent> => ({ method, answer: await http.head(request(method), call) })
  if (choice === "head") return await answerTo("HEAD")
  const first = await answerTo("OPTIONS")
  const { status, headers } = first.answer
  if (![400, 404, 405, 500, 501].includes(status) || headers["allow"] !== undefined) return first
  await call.turn()
  return await answerTo("HEAD")
}

const SCHEMES: Partial<Readonly<Record<AuthConfig["kind"], RegExp>>> = { basic: /\bbasic\b/i, bearer: /\bbearer\b/i, oauth2_client: /\bbearer\b/i }

/**
 * Whether a 401 certainly refuses the credentials: they were in the request, and the answer asks for credentials of their kind, or the request
 * lacks nothing that a delivery has. A receiver that expects a signature may refuse every request without one, and some refuse every HEAD.
 */
export function refusesLogin({ method, answer: { status, headers } }: Unsent, auth: AuthConfig["kind"], signed: boolean): boolean {
  if (status !== 401 || auth === "none") return false
  return SCHEMES[auth]?.test(headers["www-authenticate"] ?? "") === true || (!signed && method === "OPTIONS")
}

/** Whether the answer names the methods that the URL takes, and that one is not among them. */
export const disallows = ({ answer: { headers } }: Unsent, method: string): boolean =>
  headers["allow"] !== undefined &&
  !headers["allow"]
    .toUpperCase()
    .split(/[\s,]+/)
    .includes(method)
