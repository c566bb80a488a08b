import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"
import type { CsvConfig } from "./fields.ts"

type UrlSource = Extract<CsvConfig["source"], { kind: "url" }>

/** A file's bytes as they come from a server; `mark` is what its headers say of its version, "" when nothing. */
export interface Download {
  readonly mark: string
  readonly bytes: AsyncIterable<Buffer>
}

/** Asks for the file, once; the body is read at the pace of the reader. */
export async function download({ url }: UrlSource, http: HttpClient, call: Call): Promise<Download> {
  const headers = { accept: "text/csv, text/plain;q=0.9, */*;q=0.5", "accept-encoding": "identity" }
  const answer = await http.open(requestTo(new URL(url), { headers }), call)
  const coding = (answer.headers["content-encoding"] ?? "identity").toLowerCase()
  const wrong =
    answer.status !== 200
      ? `answers ${answer.status} without a file; check the URL.`
      : ["identity", "", "gzip", "x-gzip"].includes(coding)
        ? undefined
        : `sends the file as ${coding.slice(0, 40)} though it was asked not to; have it send it as it is.`
  if (wrong !== undefined) {
    answer.close()
    throw new PlatformError("response_invalid", `${answer.url.origin} ${wrong}`, { details: { status: answer.status } })
  }
  const mark = [answer.headers["etag"], answer.headers["last-modified"], answer.headers["content-length"]].map((each) => each ?? "").join("|")
  return { mark: mark === "||" ? "" : mark, bytes: answer.body }
}
