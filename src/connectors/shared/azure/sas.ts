import { withPrivate } from "../../../core/http/request.ts"
import type { HttpAuth } from "../http/auth.ts"

/** What is wrong with a shared access signature. */
export function sasFault(sas: string): string | undefined {
  const query = new URLSearchParams(sas.replace(/^\?/, ""))
  return query.has("sig") && query.has("sv") && ![...query.keys()].some((name) => /^(restype|comp|prefix|marker|blockid)$/i.test(name))
    ? undefined
    : "must be a shared access signature: parameters such as sv=…&sr=c&sp=rl&se=…&sig=…."
}

/** A shared access signature of Azure Storage: parameters of every request (docs, Grant limited access with shared access signatures). */
export function sasAuth(sas: string, version: string): HttpAuth {
  const parameters = [...new URLSearchParams(sas.replace(/^\?/, ""))]
  return {
    sign(request) {
      const url = new URL(request.url)
      for (const [name, value] of parameters) url.searchParams.set(name, value)
      return withPrivate({ ...request, url }, { "x-ms-version": version })
    },
    show: (request) => request,
    parameter: "sig",
  }
}
