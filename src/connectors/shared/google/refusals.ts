/** What a Google API says of a refusal (docs, AIP-193, and the older form of the JSON APIs with a list of `errors`). */
export interface GoogleRefusal {
  /** The reason of the first error, `accessDenied`, or the canonical code, `PERMISSION_DENIED`. */
  readonly code?: string | undefined
  readonly message?: string | undefined
}

type Said = Readonly<Record<string, unknown>>

/** The refusal in an answer's JSON. */
export function googleRefusal(body: Said): GoogleRefusal {
  const { error } = body
  if (typeof error !== "object" || error === null) return {}
  const { message, status, errors, details } = error as Said
  const first = Array.isArray(errors) ? (errors[0] as Said | undefined)?.["reason"] : undefined
  const more = Array.isArray(details) ? (details as Said[]).find((each) => typeof each?.["reason"] === "string")?.["reason"] : undefined
  const code = [first, more, status].find((each) => typeof each === "string" && /^\w{1,60}$/.test(each)) as string | undefined
  return { code, message: typeof message === "string" ? message : undefined }
}
