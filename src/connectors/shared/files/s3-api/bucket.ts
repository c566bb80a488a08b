import type { HttpClient } from "../../http/client.ts"

/** A bucket with S3's API, at Amazon or another service. */
export interface Bucket {
  readonly http: HttpClient
  /** The URL of a file, or of the bucket itself. */
  url(key?: string, query?: Readonly<Record<string, string>>): URL
  /** Headers of every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers of requests that read a file; `writing` has those of requests that write one. */
  readonly reading: Readonly<Record<string, string>>
  readonly writing: Readonly<Record<string, string>>
}

/** The mark of a version. An ETag is not always a hash of the bytes, but each version has a different one. */
export const markOf = (etag: string): string => etag.replaceAll('"', "")
